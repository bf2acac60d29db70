"""The mailbox: how many messages the clerk waits for, and when it stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.guards.common.mailbox import DRAIN_BYTES, Mailbox


def sends(folder: Path, monkeypatch: pytest.MonkeyPatch, *late: bytes) -> tuple[Mailbox, list[int]]:
    """Return a mailbox to which others send a message at each yield, and the yields."""
    mailbox, yields, waiting = Mailbox(folder / "orders", blocking=True), [], list(late)
    mailbox.create()

    def run_others() -> None:
        yields.append(1)
        if waiting:
            os.write(mailbox.fileno(), waiting.pop(0))

    monkeypatch.setattr(os, "sched_yield", run_others)
    return mailbox, yields


def test_a_buyer_that_was_just_answered_gets_its_next_order_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clerk yields before it writes, as long as that brings orders."""
    mailbox, yields = sends(tmp_path, monkeypatch, b"second", b"third")
    os.write(mailbox.fileno(), b"first")
    assert mailbox.gather(100) == b"firstsecondthird"
    assert len(yields) == 3  # the last brought nothing
    mailbox.close()


def test_a_mailbox_that_expects_nothing_never_yields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine each yield may cost a time slice."""
    mailbox, yields = sends(tmp_path, monkeypatch, b"second", b"third", b"fourth")
    os.write(mailbox.fileno(), b"first")
    assert mailbox.gather(len(b"first")) == b"first"
    assert yields == []
    assert mailbox.waiting() == 0
    os.write(mailbox.fileno(), b"first")
    assert mailbox.gather(len(b"firstsecond")) == b"firstsecond"
    mailbox.close()


def test_gathering_ends_however_many_messages_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A buyer that sends faster than the clerk reads does not keep it from serving."""
    page = bytes(4096)
    mailbox, _ = sends(tmp_path, monkeypatch, *[page] * 100)
    os.write(mailbox.fileno(), page)
    assert len(mailbox.gather(10**9)) == DRAIN_BYTES
    mailbox.close()
