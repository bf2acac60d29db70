"""The script of a counterexample: its buyers in their order, then the first enabled one."""

from __future__ import annotations

from booking.core.counterexample import CounterexampleStep
from booking.schedulers.choices import ChoicesScheduler
from booking.schedulers.script import ScriptScheduler

STEPS = [CounterexampleStep(1, "read", "data.json"), CounterexampleStep(0, "read", "data.json")]


def test_it_chooses_the_buyers_of_the_steps_and_then_the_first() -> None:
    """Behind the last step buyers go on in their order."""
    script = ScriptScheduler(STEPS)
    assert [script.choose(enabled) for enabled in ([0, 1], [0, 1], [1, 2])] == [1, 0, 1]
    assert script.problem is None


def test_it_stops_where_a_buyer_cannot_take_its_step() -> None:
    """The problem names the step."""
    script = ScriptScheduler(STEPS)
    assert script.choose([0, 2]) is None
    assert script.problem == "step 1: buyer 1 cannot read data.json now"


def test_it_says_which_buyer_asks_a_lock_and_whether_that_is_refused() -> None:
    """Behind the last step no buyer asks a lock that another one holds."""
    acquires = [CounterexampleStep(0, "acquire", "x", saw=saw) for saw in (1, 0, None)]
    script = ScriptScheduler([*acquires, STEPS[0]])
    seen = []
    for _ in range(5):
        asks = script.asks
        script.choose([0, 1])
        seen.append((asks, script.expects_refusal))
    assert seen == [(0, False), (0, True), (None, False), (None, False), (None, False)]


def test_choices_are_indices_and_none_of_them_is_the_serial_sale() -> None:
    """A number may be larger than the enabled buyers are many."""
    choices = ChoicesScheduler([1, 5])
    assert [choices.choose([3, 4]) for _ in range(3)] == [4, 4, 3]
