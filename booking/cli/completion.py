"""Shell completion for bash, zsh and fish: the scripts that ask, and the answer they get.

The scripts send the command line up to the cursor, and the program parts it: bash itself would
part `json:data.json` at the colon, and `--lock=flock` at the equals sign. The answer has a line
for each item: its type, the value and a help text, between tabs.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from booking.cli.completers import paths

CURSOR = "x"  # appended, so that the last word is the one at the cursor, although it is empty
SPECIAL = re.compile(r"""[\s"'\\$`&|;<>()*?\[\]{}#!]""")
BREAKS = "=:@><&|;("  # what may part words in bash (COMP_WORDBREAKS)


class _Answer(ShellComplete):
    """What the three shells share: the line up to the cursor, and the form of an answer."""

    def source(self) -> str:
        """Return the script of a shell, which lies beside this file."""
        return Path(__file__).with_name(f"completion.{self.name}").read_text()

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, and that one."""
        _, *words = split_arg_string(os.environ.get("COMP_LINE", "") + CURSOR) or [""]
        if not words:
            return [], ""
        return words[:-1], words[-1].removesuffix(CURSOR)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return what fits; of `--option=VALUE` the whole word."""
        found = super().get_completions(args, incomplete)
        option, equals, value = incomplete.partition("=")
        if not (equals and option.startswith("--")):
            return found
        return [self.joined(f"{option}=", item, value) for item in found]

    def joined(self, option: str, item: CompletionItem[str], _value: str) -> CompletionItem[str]:
        """Return an item behind `--option=`; files stay the shell's own work."""
        if item.type in {"dir", "file"}:
            return item
        return CompletionItem(f"{option}{item.value}", type=item.type, help=item.help)

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return the line of an item."""
        words = " ".join((item.help or "").split())
        return f"{item.type}\t{self.shown(item)}\t{words}"

    def shown(self, item: CompletionItem[str]) -> str:
        """Return the value as the shell takes it."""
        return str(item.value)


def _line() -> str:
    return os.environ.get("COMP_LINE", "")


def _in_quotes() -> bool:
    """Return whether the word at the cursor is within quotes that are not closed yet."""
    try:
        shlex.split(_line())
    except ValueError:
        return not _line().endswith("\\")
    return False


def _quoted(text: str) -> str:
    return text if _in_quotes() else SPECIAL.sub(r"\\\g<0>", text)


class Bash(_Answer, BashComplete):
    """bash replaces only what stands behind the last character that parts words."""

    def shown(self, item: CompletionItem[str]) -> str:
        """Return the value without what bash leaves as it is."""
        if item.type in {"dir", "file"} or _in_quotes():
            return str(item.value)
        parting = set(os.environ.get("COMP_WORDBREAKS", "")) & set(BREAKS)
        _, word = self.get_completion_args()
        kept = 1 + max((word.rfind(each) for each in parting), default=-1)
        return _quoted(str(item.value)[kept:])


class Zsh(_Answer, ZshComplete):
    """zsh takes the value with its quotes."""

    def shown(self, item: CompletionItem[str]) -> str:
        """Return the value, quoted."""
        return _quoted(str(item.value))


class Fish(_Answer, FishComplete):
    """fish quotes by itself, and completes no file behind `--option=`."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return what fits, with the files behind `--option=`."""
        return list(self._files_too(super().get_completions(args, incomplete), incomplete))

    def _files_too(
        self, found: list[CompletionItem[str]], incomplete: str
    ) -> Iterator[CompletionItem[str]]:
        option, equals, path = incomplete.partition("=")
        for item in found:
            if equals and option.startswith("--") and item.type in {"dir", "file"}:
                for entry in paths(path, ()):
                    if item.type == "file" or entry.value.endswith("/"):
                        yield self.joined(f"{option}=", entry, path)
            else:
                yield item


def complete(group: click.Group, words: list[str], variable: str) -> int:
    """Print what the environment variable asks for; return the exit code.

    An error prints nothing: it would land in the middle of the line that the user types.
    """
    for shell in (Bash, Zsh, Fish):
        add_completion_class(shell)
    try:
        group.main(words, prog_name="booking", complete_var=variable)
    except SystemExit as done:
        return int(done.code or 0)
    except Exception:
        if os.environ.get("BOOKING_DEBUG"):
            raise
    return 0
