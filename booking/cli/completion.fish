function _booking_completion
    set -lx COMP_LINE (commandline -cp | string collect)
    set -lx _BOOKING_COMPLETE fish_complete
    booking 2>/dev/null | while read -l line
        set -l parts (string split \t -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case '*'
                printf '%s\t%s\n' $parts[2] $parts[3]
        end
    end
end
complete --no-files --keep-order --command booking --arguments "(_booking_completion)"
