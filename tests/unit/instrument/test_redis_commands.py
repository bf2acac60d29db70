"""What is known of Redis commands beside their keys."""

from __future__ import annotations

import pytest

from booking.instrument.redis.commands import (
    changed_nothing,
    reason_for_doubt,
    shown,
    words_of,
)


@pytest.mark.parametrize("command, reply, nothing", [
    (("SET", "k", "v", "NX"), None, True),
    (("SET", "k", "v", "NX"), b"OK", False),
    (("SET", "k", "v", "NX", "GET"), None, False),  # the old value: it has written
    (("LPOP", "k"), None, True),
    (("LPOP", "k"), b"", False),
    (("DEL", "k"), 0, True),
    (("DECR", "k"), 0, False),  # the new value
    (("GETSET", "k", "v"), None, False),
    (("HINCRBY", "k", "f", "-1"), 0, False),
])  # fmt: skip
def test_a_command_that_wrote_nothing_says_so(
    command: tuple[str, ...], reply: object, *, nothing: bool
) -> None:
    assert changed_nothing(words_of(command), reply) is nothing


def test_a_command_is_shown_as_people_write_it() -> None:
    """A script by its beginning, a name of bytes as text."""
    assert shown(("SET", b"stock", 1)) == "SET stock 1"
    assert shown(("EVALSHA", "0123456789", 1, "stock")) == "EVALSHA 01234567 1 stock"
    assert shown(("eval", "return\n 1", 0)) == 'EVAL "return 1" 0'


def test_only_a_pipeline_watches() -> None:
    """By hand, WATCH is one of the connection that the pool happened to give."""
    assert reason_for_doubt(["WATCH", "k"]) is not None
    assert reason_for_doubt(["WATCH", "k"], watches=True) is None
    assert reason_for_doubt(["XADD", "s", "1-1", "f", "v"]) is None
    assert reason_for_doubt(["OBJECT", "ENCODING", "k"]) is None
    assert reason_for_doubt(["XREAD", "block", "0"]) is not None
