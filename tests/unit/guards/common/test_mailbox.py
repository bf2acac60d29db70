"""The mailbox: how many messages the clerk waits for, and when it stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.guards.common.mailbox import DRAIN_BYTES, Mailbox


def sends(folder: Path, monkeypatch: pytest.MonkeyPatch, *late: bytes) -> tuple[Mailbox, list[int]]:
    """A mailbox to which others send one message each time that they may run."""
    mailbox, turns, waiting = Mailbox(folder / "orders", blocking=True), [], list(late)
    mailbox.create()

    def run_others() -> None:
        turns.append(1)
        if waiting:
            os.write(mailbox.fileno(), waiting.pop(0))

    monkeypatch.setattr(os, "sched_yield", run_others)
    return mailbox, turns


def test_who_was_just_answered_gets_his_next_order_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clerk lets others run before he writes, as long as that brings orders."""
    mailbox, turns = sends(tmp_path, monkeypatch, b"second", b"third")
    os.write(mailbox.fileno(), b"first")
    assert mailbox.gather(100) == b"firstsecondthird"
    assert len(turns) == 3  # the last brought nothing
    mailbox.close()


def test_nobody_is_waited_for_who_is_not_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine each turn given away may cost a time slice."""
    mailbox, turns = sends(tmp_path, monkeypatch, b"second", b"third", b"fourth")
    os.write(mailbox.fileno(), b"first")
    assert mailbox.gather(len(b"first")) == b"first"
    assert turns == []
    assert mailbox.waiting() == 0
    os.write(mailbox.fileno(), b"first")
    assert mailbox.gather(len(b"firstsecond")) == b"firstsecond"
    mailbox.close()


def test_gathering_ends_however_many_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends faster than the clerk reads does not keep him from serving."""
    page = bytes(4096)
    mailbox, _ = sends(tmp_path, monkeypatch, *[page] * 100)
    os.write(mailbox.fileno(), page)
    assert len(mailbox.gather(10**9)) == DRAIN_BYTES
    mailbox.close()
