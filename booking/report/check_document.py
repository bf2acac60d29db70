"""The verdict on a recorded history as data for scripts."""

from __future__ import annotations

from typing import Any

from booking.checker import Columns, Decision
from booking.checker.certificate import Certificate
from booking.checker.operations import Op
from booking.report.documents import anomaly_documents


def check_document(
    decision: Decision, columns: Columns, reason: str, elapsed_s: float
) -> dict[str, Any]:
    """Return what `check` found, and the evidence: a linearization, or certificates."""
    return {
        "verdict": decision.verdict.outcome,
        "reason": reason,
        "anomalies": anomaly_documents(decision.verdict.anomalies),
        "operations": columns.outcomes,
        "ignored": columns.ignored,
        "tickets": columns.tickets,
        "remaining": columns.remaining,
        "elapsed_s": round(elapsed_s, 6),
        "witness_order": decision.order,
        "certificates": [_certificate(proof) for proof in decision.certificates],
        "notes": columns.notes,
    }


def _certificate(proof: Certificate) -> dict[str, Any]:
    return {
        "kind": proof.kind,
        "key": proof.key,
        "high": proof.high,
        "low": proof.low,
        "before": _index(proof.before),
        "after": _index(proof.after),
        "members": [x.index for x in proof.members],
        "elsewhere": [x.index for x in proof.elsewhere],
        "against": proof.against,
        "seat": proof.seat,
        "verified": proof.is_verifiable,  # one that can be verified, and fails, is not reported
    }


def _index(op: Op | None) -> int | str | None:
    if op is None:
        return None
    return "end" if op.what == "end" else op.index
