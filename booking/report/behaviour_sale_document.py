"""A sale with a purchase function in free processes, as data for scripts."""

from __future__ import annotations

from typing import Any

import msgspec

from booking.experiments.behaviours.sale import BehaviourSale, SaleSpec, history_of, sell_again

PREMISES = (
    "the buyers ran freely: orders that did not come were not tried, and explore executes them all"
)


def behaviour_sale_document(sale: BehaviourSale, spec: SaleSpec) -> dict[str, Any]:
    """Return the figures of the last round and of all, and the command that sells again."""
    last = sale.last
    evidence = [msgspec.to_builtins(event) for event in history_of(sale, spec).events]
    return {
        "verdict": sale.verdict,
        "reason": sale.reason,
        "anomalies": [
            {"name": name, "message": message, "witness": evidence}
            for name, message in sale.anomalies.items()
        ],
        "caveats": [PREMISES],
        "behaviour": spec.functions.behaviour,
        "buyers": spec.functions.buyers,
        "tickets": last.tickets,
        "sold": last.sold,
        "remaining": last.remaining,
        "oversold": max(last.sold - last.tickets, 0),
        "operations": {
            "ok": sale.answers.get("sold", 0), "fail": sale.answers.get("sold-out", 0),
            "info": sale.answers.get("unknown", 0),
        },
        "processes": {"started": spec.functions.buyers, "deaths": sale.ended},
        "rounds": sale.rounds,
        "violating_rounds": sale.violating_rounds,
        "pressure": msgspec.to_builtins(sale.pressure),
        "elapsed_s": sale.elapsed_s,
        "sales_per_s": sale.sold / sale.selling_s if sale.selling_s else None,
        "replay": sell_again(spec),
    }  # fmt: skip
