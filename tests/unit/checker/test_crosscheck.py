"""The checker and the definition agree on small recordings near the border, 100,000 of them.

Each verdict is held against every order of the operations, each order replayed, each certificate
and each evidence weakened until it proves nothing more than it says, each name against what must
be true for it. A normal run takes 4,000 of them.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.borderline import borderline
from tests.support.crosscheck import decision_of, disagreements, mistakes, shown
from tests.support.definition import explained

EACH = 1_000


@pytest.mark.sweep(usual=lambda seed: seed < 4)
@pytest.mark.parametrize("seed", range(100))
def test_borderline_recordings(seed):
    """The smallest recording that shows a mistake is printed, for each kind of mistake."""
    rng = Random(seed)
    found: dict[str, tuple[int, str]] = {}
    answers: Counter[tuple[bool, str]] = Counter()
    for _ in range(EACH):
        recording = borderline(rng)
        decision, right = decision_of(recording), explained(recording)
        answers[right, decision.verdict.outcome.value] += 1
        for mistake in mistakes(recording, decision, right):
            kind = mistake.partition(":")[0]
            size = len(recording.events)
            if kind not in found or size < found[kind][0]:
                found[kind] = size, f"{mistake}\n{shown(recording)}"
    print(f"right and answer: {dict(answers)}")
    assert not found, "\n".join(text for _, text in found.values())
    for outcome in ((True, "valid"), (False, "invalid"), (True, "unknown")):
        assert answers[outcome] >= EACH // 100, answers  # each is put to the test
    assert answers[True, "unknown"] + answers[False, "unknown"] <= EACH // 8, answers


@given(st.randoms(use_true_random=False))
def test_recordings_that_shrink(rng):
    recording = borderline(rng)
    assert not list(disagreements(recording)), shown(recording)
