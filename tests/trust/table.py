"""Hunt with every variant in every mode, and print what each mode caught and what it missed.

python -m tests.trust.table --json hunt.json            all of it, in about ten minutes
python -m tests.trust.table --mode explore --name InClass
python -m tests.trust.table --from hunt.json --before older.json
python -m tests.trust.table --from hunt.json --known    write known.py anew
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue

from tests.support.workers import Worker
from tests.trust.catalogue import VARIANTS
from tests.trust.expectations import applies, broken_in, by_luck, problem
from tests.trust.modes import EXPLORE, MODES
from tests.trust.variant import Seen, Variant

Case = tuple[str, str]  # the name of a variant, a mode
Hunt = dict[Case, Seen]
WORKERS = 2
COLUMNS = ("caught", "VALID", "false VALID", "unknown", "crash, hang", "refused, none")
# The modes that judge one order a buyer, without searches and time-outs.
SAME = ("explore", "explore-graph", "explore-reduced", "explore-plain", "random", "pct",
        "assert_sound")  # fmt: skip
# What the hunt of 106 unsound variants saw first: caught, VALID, unknown, crash or hang.
FIRST = {
    "explore": (44, 35, 24, 2), "simulate": (68, 35, 3, 0), "random": (44, 52, 8, 2),
    "pct": (32, 64, 9, 1), "assert_sound": (42, 48, 5, 10),
}  # fmt: skip


def cases(modes: Sequence[str] = MODES, names: Sequence[str] = ()) -> list[Case]:
    """Return every case of these modes and variants, or of all."""
    wanted = names or list(VARIANTS)
    return [(name, mode) for mode in modes for name in wanted if applies(VARIANTS[name], mode)]


def hunt(chosen: Sequence[Case], number: int = WORKERS) -> Hunt:
    """Run the cases, so many at a time."""
    done: list[Case] = []
    workers: SimpleQueue[Worker] = SimpleQueue()
    started = [Worker("tests.trust.worker") for _ in range(number)]
    for worker in started:
        workers.put(worker)

    def run(case: Case) -> Seen:
        worker = workers.get()
        done.append(case)
        if len(done) % 50 == 0:
            print(f"{len(done)} of {len(chosen)}: {case[1]}", file=sys.stderr, flush=True)
        try:
            return ask(worker, *case)
        finally:
            workers.put(worker)

    with ThreadPoolExecutor(number) as pool:
        found = dict(zip(chosen, pool.map(run, chosen), strict=True))
    for worker in started:
        worker.close()
    return found


def ask(worker: Worker, name: str, mode: str) -> Seen:
    """Have a worker run one case."""
    worker.ask({"variant": name, "mode": mode})
    return decoded(worker.answer())


def decoded(data: dict[str, object]) -> Seen:
    """Return what was seen, from its JSON."""
    lists = {key: tuple(data[key]) for key in ("caveats", "anomalies")}  # type: ignore[arg-type]  # lists
    return Seen(**{**data, **lists})  # type: ignore[arg-type]  # as it was written


def row(found: Hunt, mode: str, *, sound: bool) -> tuple[int, ...]:
    """Count the answers of a mode about the sound or the unsound variants."""
    counts: Counter[str] = Counter()
    for (name, of), seen in found.items():
        variant = VARIANTS[name]
        if of == mode and variant.sound is sound:
            counts[seen.outcome] += 1
            counts["false"] += seen.outcome == "valid" and broken_in(variant, mode)
    return (
        counts["invalid"], counts["valid"], counts["false"], counts["unknown"],
        counts["crash"] + counts["hang"], counts["refused"] + counts["none"],
    )  # fmt: skip


def table(found: Hunt) -> Iterator[str]:
    """Yield the lines of the table: unsound variants, then sound ones, then what survives."""
    modes = [mode for mode in MODES if any(of == mode for _, of in found)]
    for title, sound in (("unsound", False), ("sound", True)):
        number = len({name for name, _ in found if VARIANTS[name].sound is sound})
        yield f"\n{number} {title} variants"
        yield _line(("mode", *COLUMNS, "" if sound else "first hunt"))
        for mode in modes:
            first = "" if sound or mode not in FIRST else " / ".join(map(str, FIRST[mode]))
            yield _line((mode, *row(found, mode, sound=sound), f"  {first}"))
    decided = [seen for (name, _), seen in found.items() if VARIANTS[name].sound]
    unknown = sum(seen.outcome == "unknown" for seen in decided)
    yield f"\nsound variants: {unknown} of {len(decided)} answers are unknown"
    yield "\nsurvivors: VALID about an unsound variant, and why"
    for mode in modes:
        for (name, of), seen in found.items():
            if of == mode and seen.outcome == "valid" and not VARIANTS[name].sound:
                yield f"  {mode:<17} {name:<24} {_why(VARIANTS[name], mode)}"
    yield "\ninvalid in one mode and valid in another, of the same bounded sale"
    yield from disagreements(found)
    yield "\nwhat is not allowed"
    for (name, mode), seen in found.items():
        if (wrong := problem(VARIANTS[name], mode, seen)) is not None:
            yield f"  {mode:<17} {name:<24} {wrong[:150]}"


def disagreements(found: Hunt) -> Iterator[str]:
    """Yield a line for each variant that modes of the same bounded sale judge differently."""
    for name in VARIANTS:
        outcomes = {mode: found[name, mode].outcome for mode in SAME if (name, mode) in found}
        if {"valid", "invalid"} <= set(outcomes.values()):
            yield f"  {name:<24} {', '.join(f'{mode} {how}' for mode, how in outcomes.items())}"


def _why(variant: Variant, mode: str) -> str:
    more = f" ({variant.why})" if variant.why else ""
    if mode in {"check", "kill"}:
        return f"{variant.anomaly}{more}"
    if broken_in(variant, mode):
        luck = "by luck" if mode in {"simulate", "random", "pct"} else "FALSE"
        return f"{luck}: {variant.anomaly} within the sale itself{more}"
    return f"needs {variant.least}{more}"


def _line(cells: Sequence[object]) -> str:
    first, *others = (str(cell) for cell in cells)
    return f"{first:<17}" + "".join(f"{cell:>15} " for cell in others).rstrip()


def differences(found: Hunt, before: Hunt) -> Iterator[str]:
    """Yield a line for each case that was answered otherwise before."""
    for case, seen in found.items():
        old = before.get(case)
        if old is not None and old.outcome != seen.outcome:
            yield f"  {case[1]:<17} {case[0]:<24} {old.outcome} → {seen.outcome}: {seen.reason}"


def known_module(hunts: Sequence[Hunt]) -> str:
    """Return the text of `known.py` for what is not allowed in any of these hunts."""
    wrong: dict[str, set[str]] = {}
    for found in hunts:
        for (name, mode), seen in found.items():
            if problem(VARIANTS[name], mode, seen) is not None:
                wrong.setdefault(mode, set()).add(name)
    # Where chance caught one exploration and missed another, the next one may go either way.
    missed = {name for mode in EXPLORE for name in wrong.get(mode, ()) if _chance(name, mode)}
    for name, mode in cases(tuple(EXPLORE), sorted(missed)):
        if _chance(name, mode):
            wrong.setdefault(mode, set()).add(name)
    head = (Path(__file__).with_name("known.py")).read_text().partition("KNOWN:")[0]
    modes = [mode for mode in MODES if mode in wrong]
    lines = [f'    "{mode}": """\n{_wrapped(sorted(wrong[mode]))}\n    """,' for mode in modes]
    return "\n".join([head + "KNOWN: dict[str, str] = {", *lines, "}", ""])


def _chance(name: str, mode: str) -> bool:
    return by_luck(VARIANTS[name], mode) and broken_in(VARIANTS[name], mode)


def _wrapped(names: Sequence[str]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 80:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{name}"
    return "\n".join(f"        {line}" for line in lines)


def write(found: Hunt, path: Path) -> None:
    """Write a hunt as JSON."""
    data = [{"variant": name, "mode": mode, **asdict(seen)} for (name, mode), seen in found.items()]
    path.write_text(json.dumps(data, indent=1) + "\n")


def load(path: Path) -> Hunt:
    """Read a hunt; cases that exist no more are left out."""
    return {
        (entry.pop("variant"), entry.pop("mode")): decoded(entry)
        for entry in json.loads(path.read_text())
        if entry["variant"] in VARIANTS
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--name", action="append", choices=VARIANTS, metavar="VARIANT")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--from", dest="saved", type=Path, action="append", metavar="FILE")
    parser.add_argument("--before", type=Path, metavar="FILE")
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N")
    given = parser.parse_args()
    chosen = cases(given.mode or MODES, given.name or ())
    hunts = [load(path) for path in given.saved] if given.saved else [hunt(chosen, given.workers)]
    found = hunts[0]
    if given.json:
        write(found, given.json)
    if given.known:
        Path(__file__).with_name("known.py").write_text(known_module(hunts))
    sys.stdout.writelines(f"{line}\n" for line in table(found))
    if given.before:
        print("\nanswered otherwise before")
        sys.stdout.writelines(f"{line}\n" for line in differences(found, load(given.before)))


if __name__ == "__main__":
    main()
