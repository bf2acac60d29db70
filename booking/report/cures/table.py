"""Every cure that can be named, one entry each; what fits a counterexample, the best first."""

from __future__ import annotations

from collections.abc import Callable

from booking.experiments.behaviours.exploration import BehaviourProof
from booking.report.cures import files, redis, sql
from booking.report.cures.case import Case, Named

CURES: dict[str, Callable[[Case], Named | None]] = {
    "check-rowcount": sql.check_rowcount,
    "unlock-after-commit": sql.unlock_after_commit,
    "read-inside-lock": sql.read_inside_lock,
    "one-transaction": sql.one_transaction,
    "skip-locked": sql.skip_locked,
    "conditional-update": sql.conditional_update,
    "unique-constraint": sql.unique_constraint,
    "for-update": sql.for_update,
    "parent-lock": sql.parent_row_lock,
    "begin-immediate": sql.begin_immediate,
    "serializable": sql.serializable,
    "try-again": sql.try_again,
    "lua-script": redis.script,
    "decrement-first": redis.count_down,
    "watch": redis.watch,
    "file-lock": files.file_lock,
    "replace-file": files.replace_file,
}
GENERAL = {"lost-update", "oversell", "double-sold", "negative-stock"}


def cures_of(proof: BehaviourProof) -> list[Named]:
    """Return what would cure a counterexample; nothing where there is none."""
    if not proof.witness:
        return []
    case = Case(proof.witness, proof.answers, frozenset(proof.anomalies), proof.models)
    found = [cure for find in CURES.values() if (cure := find(case)) is not None]
    if not found and GENERAL & case.anomalies:
        why = (
            "what a buyer had read was old when it acted on it; let one step look and take, or "
            "hold one lock from the read to the commit"
        )
        found = [Named("one-step", why, "")]
    return found
