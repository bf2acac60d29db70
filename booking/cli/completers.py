"""What a shell offers for a value: names of variants, lists of them, URLs, files of one kind.

Names of installed packages come from their metadata, so that completion imports none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from booking.core.flags import ARRIVALS, START_METHODS
from booking.core.registry import BUILT_IN, SCHEMES, table

Words = Callable[[], Iterable[str]]
Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem[str]]"]

OPEN = "open"  # type of an item that is not the whole value: no space follows it
PLAIN = "plain"
SEPARATORS = (":", "/", ".")
ENTRIES_MAX = 1000  # of a folder: a longer list helps no person
PATH_AFTER = {"json": "", "json-inplace": "", "sqlite": "///"}  # what may precede the path
WITHOUT_PLACE = {"memory", "memory-shared"}
SERVERS = ("postgres", "redis", *SCHEMES)
SCENARIOS = (".toml",)
WITNESSES = (".json",)


def _items(words: Iterable[str], incomplete: str) -> list[CompletionItem[str]]:
    return [
        CompletionItem(word, type=OPEN if word.endswith(SEPARATORS) else PLAIN)
        for word in words
        if word.startswith(incomplete)
    ]


def one_of(words: Words) -> Completer:
    """Return a completer for one of these words."""
    return lambda _context, _parameter, incomplete: _items(words(), incomplete)


def list_of(words: Words) -> Completer:
    """Return a completer for a list with commas: for its last name, without those before it."""

    def complete(
        _context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        before, comma, _ = incomplete.rpartition(",")
        given = set(before.split(","))
        left = [f"{before}{comma}{word}" for word in words() if word not in given]
        return _items(left, incomplete)

    return complete


def named(kind: str) -> Words:
    """Return a function for the names of a kind: built in, then those of installed packages."""
    return lambda: list(dict.fromkeys([*BUILT_IN[kind], *table(kind)]))


def outcomes() -> list[str]:
    """Return what a sale may be expected to show: verdicts and anomalies."""
    from booking.core.verdict import AnomalyName, Outcome

    return [*Outcome, *AnomalyName]


def store_url(
    _context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer stores, or with a place where the command needs one; then the files of that place."""
    known = list(named("store")())
    name, colon, location = incomplete.partition(":")
    if colon and name not in SERVERS and name not in WITHOUT_PLACE:
        before = PATH_AFTER.get(name, "")
        before = before if before and location.startswith(before) else ""
        path = location.removeprefix(before)
        return [
            CompletionItem(f"{name}:{before}{item.value}", type=item.type)
            for item in paths(path, ())
        ]
    if parameter.required:
        known = [f"{each}:" for each in known if each not in {*WITHOUT_PLACE, *SERVERS}]
    elif name in known and name not in {*WITHOUT_PLACE, *SERVERS}:
        known.append(f"{name}:")
    return _items([*known, "postgresql://", "redis://"], incomplete)


def threshold(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer a row of the benchmark, then one of its columns."""
    row, dot, _ = incomplete.rpartition(".")
    if not dot:
        return _items([f"{name}." for name in named("guard")()], incomplete)
    from booking.bench.aggregate import METRICS

    return _items([f"{row}.{metric}" for metric in METRICS], incomplete)


def files(*endings: str) -> Completer:
    """Return a completer for files with one of these endings, and for folders on the way."""
    return lambda _context, _parameter, incomplete: list(paths(incomplete, endings))


def scenario(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer scenario files, and the names of those that are installed with the program."""
    from booking.core.shipped_scenarios import shipped

    return [*paths(incomplete, SCENARIOS), *_items(shipped(), incomplete)]


def folders(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Leave folders to the shell."""
    return [CompletionItem(incomplete, type="dir")]


def paths(incomplete: str, endings: tuple[str, ...]) -> Iterator[CompletionItem[str]]:
    """Yield the entries of a folder that begin as the path does; folders end in a slash."""
    before, slash, begun = incomplete.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(f"{before}{slash}") or ".") as entries:  # noqa: PTH111
            found = sorted(entries, key=lambda entry: entry.name)[:ENTRIES_MAX]
    except OSError:
        return
    for entry in found:
        name = entry.name
        hidden = name.startswith(".") and not begun.startswith(".")
        if hidden or not name.startswith(begun) or not name.isprintable():
            continue
        if entry.is_dir():
            yield CompletionItem(f"{before}{slash}{name}/", type=OPEN)
        elif not endings or name.endswith(endings):
            yield CompletionItem(f"{before}{slash}{name}", type=PLAIN)


STORES, GUARDS, LOCKS = list_of(named("store")), list_of(named("guard")), list_of(named("lock"))
SCHEDULE, EXPECT = one_of(named("scheduler")), one_of(outcomes)

# Of the flags of a sale, by what they are completed by.
OF_FLAGS: dict[str | None, Completer] = {
    "store": store_url,
    "guard": one_of(named("guard")),
    "lock": one_of(named("lock")),
    "behaviour": one_of(named("behaviour")),
    "arrival": one_of(lambda: ARRIVALS),
    "start method": one_of(lambda: START_METHODS),
}
