"""What must be true of a history in which an anomaly is named: conditions, not definitions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

from tests.support.definition import END, Op, Recording, end_count, explained, operations, pairs


def implausible(recording: Recording, name: str, quoted: set[Any]) -> str | None:
    """Return why a name does not fit the operations that are quoted for it, None where it does."""
    condition = CONDITIONS.get(name)
    return condition(recording, quoted) if condition else None


def quoted_ops(recording: Recording, quoted: set[Any]) -> list[Op]:
    return [op for key in recording.tickets for op in operations(recording, key)
            if op.index in quoted]  # fmt: skip


def _is_right(recording: Recording, quoted: set[Any], **how: Any) -> bool:
    """Return whether operations are right if intents took effect once, or as often as answered."""
    return any(explained(recording, keep=quoted, once=once, **how) for once in (True, False))


def _orders(recording: Recording, quoted: set[Any]) -> set[Any]:
    """Return the quoted orders. Refunds are quoted as well: no more can have come back."""
    return {op.index for op in quoted_ops(recording, quoted) if op.kind == "buy"}


def _negative_stock(recording: Recording, quoted: set[Any]) -> str | None:
    counts = [op.value for op in quoted_ops(recording, quoted) if op.kind == "search"]
    if END in quoted or not counts:
        counts += [end_count(recording, key) or 0 for key in recording.tickets]
    return None if min(counts, default=0) < 0 else "no count is below 0"


def _oversell(recording: Recording, quoted: set[Any]) -> str | None:
    ops = [op for op in quoted_ops(recording, quoted) if op.kind == "buy"]
    if _shared(recording, ops):
        return None
    counted = recording.meaning in {"before", "after"}
    if any(counted and op.value is not None and _lowest(recording, op) < 1 for op in ops):
        return None  # it was sold more than its own number leaves
    alone = ("numbers", "search", "sold-out")
    if not explained(recording, keep=quoted - {END}, without=alone, once=False):
        return None
    return "the quoted orders are no more than the tickets, and share none"


def _double_sold(recording: Recording, quoted: set[Any]) -> str | None:
    ops = [op for op in quoted_ops(recording, quoted) if op.kind == "buy"]
    return None if _shared(recording, ops) else "the quoted orders share no ticket"


def _lowest(recording: Recording, op: Op) -> int:
    """Return the lowest of an order's tickets: the one that was sold when least were left."""
    top = op.value if recording.meaning == "before" else op.value + op.quantity
    return int(top - op.quantity + 1)


def _tickets(recording: Recording, op: Op) -> set[Any]:
    if op.value is None or recording.meaning == "none":
        return set()
    if recording.meaning == "seat":
        return {op.value}
    low = _lowest(recording, op)
    return set(range(low, low + op.quantity))


def _shared(recording: Recording, ops: list[Op]) -> bool:
    return any(
        _tickets(recording, x) & _tickets(recording, y)
        for x, y in combinations(ops, 2)
        if x.intent is None or (x.intent, x.value) != (y.intent, y.value)
    )


def _lost_update(recording: Recording, quoted: set[Any]) -> str | None:
    """The count fell by less than was certainly sold: an end or a search shows it."""
    shows = END in quoted or any(op.kind == "search" for op in quoted_ops(recording, quoted))
    if not shows:
        return "no count is quoted"
    if explained(recording, keep=quoted, without=("numbers",), once=False):
        return "the quoted orders and counts agree"
    return None


def _lost_ticket(recording: Recording, quoted: set[Any]) -> str | None:
    """Were there more orders that no buyer logged, all would be well; or more is gone than was."""
    if recording.unlogged:
        return "a log is missing"
    seen = [op.value for op in quoted_ops(recording, quoted) if op.kind == "search"]
    if END in quoted:
        seen += [n for key in recording.tickets if (n := end_count(recording, key)) is not None]
    if any(_is_short(recording, key, n) for key in recording.tickets for n in seen):
        return None
    loose: dict[str, Any] = {"unlogged": True, "without": ("numbers",), "programs": False}
    if not _is_right(recording, quoted, **loose):
        return "more orders would not explain the quoted operations"
    return None


def _is_short(recording: Recording, key: Any, left: int) -> bool:
    """Return whether more is gone than was sold and may have been."""
    signs = {"buy": 1, "refund": -1}
    ops = operations(recording, key)
    taken = sum(op.quantity * signs.get(op.kind, 0) for op in ops if op.certain)
    taken += sum(op.quantity for op in ops if op.kind == "buy" and not op.certain)
    return recording.tickets[key] - left > taken


def _phantom_sold_out(recording: Recording, quoted: set[Any]) -> str | None:
    ops = quoted_ops(recording, quoted)
    wrong = {op.index for op in ops if op.kind == "sold-out"}
    if not wrong:
        return "no sold-out is quoted"
    if explained(recording, keep=quoted, without=("numbers",)):
        return "the quoted sold-out can be true"
    about = {invoke.get("key") for invoke, _ in pairs(recording) if invoke["index"] in wrong}
    others = _orders(recording, quoted)
    right = _is_right(recording, others, without=("numbers",), programs=False, about=about)
    return None if right else "the fault is another one"


def _stale_read(recording: Recording, quoted: set[Any]) -> str | None:
    searches = {op.index for op in quoted_ops(recording, quoted) if op.kind == "search"}
    if not searches:
        return "no search is quoted"
    orders = _orders(recording, quoted)
    right = _is_right(recording, orders, without=("numbers",), programs=False)
    return None if right else "the fault is another one"


def _duplicate_purchase(recording: Recording, quoted: set[Any]) -> str | None:
    intents = [op.intent[0] for op in quoted_ops(recording, quoted) if op.intent is not None]
    if not intents:
        return "no order with an intent is quoted"
    for invoke, _ in pairs(recording):
        if invoke["f"] == "buy" and invoke.get("intent") in intents:
            intents.append(invoke["intent"])
    return None if any(intents.count(one) > 2 for one in intents) else "there is one attempt only"


def _undersell(recording: Recording, quoted: set[Any]) -> str | None:
    """A quoted order was refused for another reason, and as much as it wanted is left."""
    left = [n for key in recording.tickets if (n := end_count(recording, key)) is not None]
    refused = [
        invoke for invoke, done in pairs(recording)
        if invoke["index"] in quoted and done and done["type"] == "fail"
    ]  # fmt: skip
    if not refused:
        return "no refused order is quoted"
    want = [one.get("quantity", one.get("value") or 1) for one in refused]
    if not left or max(left) < min(want):
        return f"{left} are left, {want} were wanted"
    served = {
        (invoke["process"], invoke.get("intent"))
        for invoke, done in pairs(recording)
        if invoke["f"] == "buy" and done and done["type"] == "ok"
    }
    again = [
        one for one in refused
        if any(one.get("intent") == intent for _, intent in served if intent is not None)
    ]  # fmt: skip
    return "the retry of that intent succeeded" if len(again) == len(refused) else None


CONDITIONS: dict[str, Callable[[Recording, set[Any]], str | None]] = {
    "negative-stock": _negative_stock,
    "oversell": _oversell,
    "double-sold": _double_sold,
    "lost-update": _lost_update,
    "lost-ticket": _lost_ticket,
    "phantom-sold-out": _phantom_sold_out,
    "stale-read": _stale_read,
    "duplicate-purchase": _duplicate_purchase,
    "undersell": _undersell,
}
