#compdef booking

_booking_completion() {
    local type value help native
    local -a plain shown open
    while IFS=$'\t' read -r type value help; do
        case $type in
            dir|file) native=$type ;;
            open) open+=("$value") ;;
            plain) plain+=("$value"); shown+=("$value${help:+  -- $help}") ;;
        esac
    done < <(COMP_LINE="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" \
        _BOOKING_COMPLETE=zsh_complete ${~words[1]} 2>/dev/null)
    if [[ -n $native ]]; then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        if [[ $native == dir ]]; then _files -/; else _files; fi
    fi
    (( $#plain )) && compadd -U -Q -V booking -l -d shown -a plain
    (( $#open )) && compadd -U -Q -V booking-open -S '' -a open
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _booking_completion "$@"
else
    compdef _booking_completion booking
fi
