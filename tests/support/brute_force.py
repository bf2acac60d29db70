"""Check a history by trying every order: slow, short, and sharing nothing with the checker."""

from __future__ import annotations

from itertools import permutations

from booking.history.model import History


def linearizable(history: History) -> bool:
    """Return whether a counter could have served the operations in some order."""
    tickets = history.tickets or 0
    certain, maybe = [], []
    for op in history.operations():
        kind, done = op.invoke.f, op.complete
        begin, end = op.invoke.time, done.time if done else None
        if op.outcome == "info":
            if kind in {"buy", "refund"}:
                maybe.append((kind, begin, None, op.invoke.quantity, None))
        elif op.outcome == "ok":
            certain.append((kind, begin, end, op.invoke.quantity, done.value))
        elif done.error == "sold-out":
            certain.append(("sold-out", begin, end, op.invoke.quantity, None))
    for chosen in range(1 << len(maybe)):
        ops = certain + [op for at, op in enumerate(maybe) if chosen >> at & 1]
        if _has_order(ops, tickets, history.remaining):
            return True
    return False


def _has_order(ops, tickets, remaining) -> bool:
    """Search depth first all orders that keep real time, without any memory."""

    def explore(left, count) -> bool:
        if not left:
            return remaining is None or count == remaining
        for at, op in enumerate(left):
            if any(x[2] is not None and x[2] < op[1] for x in left):
                continue  # another one had returned before this one began
            after = _serve(op, count, tickets)
            if after is not None and explore(left[:at] + left[at + 1 :], after):
                return True
        return False

    return explore(ops, tickets)


def _serve(op, count, tickets):
    kind, _, _, quantity, value = op
    if kind == "search":
        return count if count == value else None
    if kind == "sold-out":
        return count if count < quantity else None
    if kind == "refund":
        return count + quantity if count + quantity <= tickets else None  # never sold, not back
    if count < quantity or (value is not None and value != count):
        return None
    return count - quantity


def linearizable_by_permutations(history: History) -> bool:
    """Return the same by plain permutations (only for five operations or so)."""
    ops = [
        op
        for op in history.operations()
        if op.outcome == "ok" or (op.outcome == "fail" and op.complete.error == "sold-out")
    ]
    for order in permutations(ops):
        if any(
            later.complete.time < earlier.invoke.time
            for at, earlier in enumerate(order)
            for later in order[at + 1 :]
        ):
            continue
        count = history.tickets
        for op in order:
            kind = op.invoke.f if op.outcome == "ok" else "sold-out"
            row = (kind, 0, 0, op.invoke.quantity, op.complete.value)
            count = _serve(row, count, history.tickets)
            if count is None:
                break
        if count is not None and history.remaining in {None, count}:
            return True
    return False
