"""No mode gives a false verdict about a variant of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.workers import worker
from tests.trust.catalogue import VARIANTS
from tests.trust.expectations import allowed, applies, by_luck, problem
from tests.trust.known import KNOWN
from tests.trust.modes import EXPLORE, MODES
from tests.trust.table import ask, cases, disagreements, known_module, load, row, table, write
from tests.trust.variant import SHAPES, UNDECIDABLE, Seen
from tests.trust.worker import limited

Ask = Callable[[str, str], Seen]

# The case of each mode that every run has: quick, and the same each time.
USUAL = {
    "explore": "DropsLock", "explore-graph": "ReleasesBeforeWrite", "explore-reduced": "SaysYes",
    "explore-plain": "TakesUnchecked", "explore-quantity": "WritesOne",
    "explore-search": "CachesRead", "explore-timeout": "HearsNoAnswer", "simulate": "DropsWrite",
    "random": "DropsCheck", "pct": "TakesUnchecked", "assert_sound": "ReadsBeforeAcquire",
    "check": "SaysYes", "replay": "DropsLock", "matrix": "TakesUnchecked", "kill": "Locked",
    "large": "UnlocksEighth", "slow": "RunsOut", "probe": "SaysYes", "interrupt": "OneOpenFile",
}  # fmt: skip
EXACT = frozenset({*EXPLORE, "assert_sound", "kill", "large", "probe", "interrupt"})


def params() -> list[object]:
    """Return every case; one that is known to fail has to fail, unless luck decides."""
    made: list[object] = []
    for name, mode in cases():
        marks = []
        if name in KNOWN.get(mode, "").split():
            strict = mode in EXACT and not by_luck(VARIANTS[name], mode)
            marks.append(pytest.mark.xfail(reason="known", raises=AssertionError, strict=strict))
        made.append(pytest.param(name, mode, marks=marks, id=f"{mode}-{name}"))
    return made


@pytest.fixture(scope="module")
def seen() -> Iterator[Ask]:
    """Run a case in a fork of a clean process; return what was seen."""
    with worker("tests.trust.worker") as hunter:
        yield lambda name, mode: ask(hunter, name, mode)


@pytest.mark.sweep(usual=lambda name, mode: USUAL[mode] == name)
@pytest.mark.parametrize("name, mode", params())
def test_no_mode_gives_a_false_verdict(seen: Ask, name: str, mode: str) -> None:
    """Sound is never invalid; what breaks within the sale is never valid; nothing hangs."""
    variant = VARIANTS[name]
    answer = seen(name, mode)
    if name in KNOWN.get(mode, "").split() and "--max-seconds" in answer.reason:
        pytest.xfail("known; on a busy machine the bound comes first")
    assert problem(variant, mode, answer) is None


def test_the_hunt_is_large_and_knows_the_truth() -> None:
    """Of each kind of mistake one at least, and as many sound variants as say something."""
    unsound = [variant for variant in VARIANTS.values() if not variant.sound]
    assert len(unsound) >= 100
    assert len(VARIANTS) - len(unsound) >= 20
    kinds = {variant.kind for variant in unsound}
    assert kinds >= {
        "drop", "swap", "narrow", "widen", "repeat", "ignore", "say-yes", "cache", "round",
        "clamp", "answer-early", "old-read", "old-inode", "by-pid", "check-then-lock",
        "two-effects", "foreign-name", "clock", "by-hand",
    }  # fmt: skip
    for variant in unsound:
        assert variant.shows <= set(SHAPES)
        assert variant.shows or variant.needs, variant.name


def test_each_unsound_variant_has_a_mode_that_must_convict_it() -> None:
    """What no mode convicts may be sound: then a verdict of valid is no lie."""
    for variant in VARIANTS.values():
        if not variant.sound and variant.anomaly != UNDECIDABLE:
            mode = variant.convicts
            assert mode in MODES, variant.name
            assert applies(variant, mode), variant.name
            assert variant.name not in KNOWN.get(mode, "").split()


def test_every_mode_has_a_usual_case() -> None:
    """So each mode is hunted in every run."""
    assert set(USUAL) == set(MODES)
    assert all(applies(VARIANTS[name], mode) for mode, name in USUAL.items())
    assert not [mode for mode, name in USUAL.items() if name in KNOWN.get(mode, "").split()]


def test_the_known_failures_are_cases() -> None:
    """A name that is misspelt there would hide nothing, and stay for ever."""
    real = {(mode, name) for name, mode in cases()}
    listed = {(mode, name) for mode, names in KNOWN.items() for name in names.split()}
    assert listed - real == set()


@pytest.mark.parametrize("name, mode, answer, wrong", [
    ("DropsLock", "explore", Seen("valid"), "valid"),
    ("DropsLock", "simulate", Seen("valid"), "without a caveat: one order of steps"),
    ("DropsLock", "simulate", Seen("valid", caveats=("one order of steps",)), None),
    ("HearsNoAnswer", "random", Seen("valid", caveats=("one order of steps",)), "time-out"),
    ("HearsNoAnswer", "random", Seen("valid", caveats=("no time-outs",)), None),
    ("DropsWrite", "simulate", Seen("valid"), "valid"),
    ("Locked", "explore", Seen("invalid"), "invalid"),
    ("Locked", "explore", Seen("unknown"), None),
    ("Locked", "explore", Seen("hang"), "hang"),
    ("AnswersInfo", "explore", Seen("invalid"), "invalid"),
    ("json-inplace", "explore", Seen("valid"), "without a caveat"),
    ("json-inplace", "explore", Seen("valid", caveats=("no searches",)), None),
    ("json-inplace", "explore", Seen("invalid"), "invalid"),
    ("json-inplace", "explore-search", Seen("valid", caveats=("no searches",)), "valid"),
    ("RunsOut", "explore", Seen("invalid"), None),
    ("DropsLock", "check", Seen("valid", expected="unknown"), "instead of unknown"),
    ("AnswersInfo", "check", Seen("valid", "every answer: 4 sales"), "never answered"),
    ("AnswersInfo", "check", Seen("valid", "every answer: 4 searches"), None),
    ("DropsLock", "replay", Seen("unknown", expected="invalid"), "instead of invalid"),
    ("DropsLock", "matrix", Seen("refused"), "refused"),
    ("ClaimsCrashSafe", "kill", Seen("valid"), "valid"),
    ("ClaimsCrashSafe", "kill", Seen("unknown"), "unknown"),
    ("UnlocksEighth", "large", Seen("valid"), "not caught"),
    ("UnlocksEighth", "random", Seen("unknown"), None),
    ("DropsLock", "explore", Seen("unknown"), "not caught"),
    ("GivesUp", "probe", Seen("valid"), "valid"),
])  # fmt: skip
def test_the_rules_can_fail(name: str, mode: str, answer: Seen, wrong: str | None) -> None:
    """Each rule has an answer that it refuses, and one that it allows."""
    found = problem(VARIANTS[name], mode, answer)
    assert found is None if wrong is None else wrong in str(found)


def test_no_rule_allows_all_verdicts_of_an_exploration() -> None:
    """Except where the clock decides, one of them is a lie."""
    for variant in VARIANTS.values():
        if "clock" not in variant.needs:
            for mode in EXPLORE:
                assert allowed(variant, mode) < {"valid", "invalid", "unknown"}


def test_what_does_not_end_is_ended() -> None:
    """At the limit, with all that it started."""
    assert limited("Spins", "random", 0.5).outcome == "hang"


def test_the_table_counts_and_explains(tmp_path) -> None:
    """Caught, valid, falsely valid; each survivor with its reason; and a hunt can be saved."""
    found = {
        ("DropsLock", "explore"): Seen("invalid"),
        ("SaysYes", "explore"): Seen("valid", "all"),
        ("json-inplace", "explore"): Seen("valid", "all"),
        ("Locked", "explore"): Seen("unknown"),
    }
    assert row(found, "explore", sound=False) == (1, 2, 1, 0, 0, 0)
    text = "\n".join(table(found))
    assert "FALSE: double-sold" in text
    assert "needs 2 buyers, 1 ticket, search" in text
    assert "1 of 1 answers are unknown" in text
    assert '"explore": """\n        SaysYes json-inplace\n' in known_module([found])
    assert list(disagreements(found)) == []
    found["DropsLock", "random"] = Seen("valid")
    assert list(disagreements(found)) == [f"  {'DropsLock':<24} explore invalid, random valid"]
    write(found, tmp_path / "hunt.json")
    assert load(tmp_path / "hunt.json") == found


def test_the_least_sale_is_told_in_words() -> None:
    """The buyers, the tickets, and what else it takes."""
    assert VARIANTS["WritesOne"].least == "2 buyers, 2 tickets, orders 2 and 1"
    assert VARIANTS["UnlocksEighth"].least == "2 buyers, 1 ticket, more buyers"
    assert VARIANTS["Locked"].least == "none"
