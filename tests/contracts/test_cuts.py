"""A connection is cut at every exchange with the server: each guard's reply stays true.

`fail` means that nothing was taken, `ok` that it was. Only `info` may be either.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from booking.core.assembly import arrange, assemble
from booking.core.base_classes import hooks
from booking.core.catalogue import carries
from booking.core.protocols import Guard, Order, Reply, Store
from booking.core.registry import members
from booking.core.scenario import from_flags
from booking.core.traits import guard_traits
from booking.errors import UnavailableError, UncertainError
from booking.guards.advisory import AdvisoryGuard
from booking.servers.postgres import private_postgres
from booking.servers.valkey import private_valkey
from tests.support.proxy import Proxy

EXCHANGES_MAX = 40
STORES = {"postgres": "postgresql://booking@127.0.0.1:{}/postgres?sslmode=disable",
          "redis": "redis://127.0.0.1:{}/0"}  # fmt: skip
GUARDS = {
    (store, guard)
    for store, store_class in members("store")
    for guard, guard_class in members("guard")
    if store in STORES
    and carries(store_class, guard_class)
    and not guard_traits(guard_class).staffed
}


@pytest.fixture(scope="module")
def sockets() -> dict[str, Path]:
    folder = dict(word.split("=") for word in private_postgres(durable=False).split())["host"]
    valkey = private_valkey(durable=False).removeprefix("unix://")
    return {"postgres": Path(folder) / ".s.PGSQL.5432", "redis": Path(valkey)}


def cuts(
    store: str, guard: str, server: Path, when: str, folder: Path
) -> Iterator[tuple[str, int]]:
    """Cut one order at each of its exchanges in turn; yield its reply, and what was taken."""
    for cut_at in range(1, EXCHANGES_MAX):
        proxy = Proxy(server)
        direct, own = Proxy(server), None
        flags = {
            "guard": guard,
            "acquire_timeout": "2s",
            **({"lock": "flock"} if guard == "lock" else {}),
        }
        scenario = from_flags({"store": STORES[store].format(proxy.port), **flags})
        admin = assemble(from_flags({"store": STORES[store].format(direct.port)})).build_store(
            folder
        )
        try:
            admin.reset(5)
            own = assemble(scenario).build_store(folder)
            selling = assemble(scenario).build_guard(folder, own)
            arrange(admin, selling)
            hooks(own).connect()
            proxy.cut_at, proxy.when, proxy.armed = cut_at, when, True
            reply = outcome(selling, own)
            if not proxy.was_cut:
                return
            yield reply, 5 - admin.read()
        finally:
            admin.close()
            if own is not None:
                own.close()
            proxy.close()
            direct.close()
    raise AssertionError(f"an order takes more than {EXCHANGES_MAX} exchanges")


def outcome(guard: Guard, store: Store) -> str:
    """Sell; return the type of completion that a buyer records."""
    try:
        return guard.sell(store, Order(0)).type
    except UnavailableError:
        return "fail"
    except UncertainError:
        return "info"


def false_replies(replies: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the replies that are not true of what was taken."""
    true = {("ok", 1), ("fail", 0), ("info", 0), ("info", 1)}
    return [reply for reply in replies if reply not in true]


@pytest.mark.sweep(usual=lambda when, guard: when == "after" or guard == "atomic")
@pytest.mark.parametrize("when", ["before", "after", "idle"])
@pytest.mark.parametrize("store, guard", sorted(GUARDS))
def test_a_reply_is_true_wherever_the_connection_is_cut(
    sockets: dict[str, Path], tmp_path: Path, store: str, guard: str, when: str
) -> None:
    """A failed order took nothing, and a served one no ticket twice."""
    replies = list(cuts(store, guard, sockets[store], when, tmp_path))
    assert replies
    if guard == "compensate":  # takes first, and is known to lose what it cannot put back
        replies = [reply for reply in replies if reply[0] != "fail"]
    assert false_replies(replies) == []


class Careless(AdvisoryGuard):
    """A guard whose release decides the reply: the bug that must be found."""

    def sell(self, store: Store, order: Order) -> Reply:
        store.lock_advisory()  # type: ignore[attr-defined]
        try:
            store.write(store.read() - 1)
            return Reply("ok")
        finally:
            store.unlock_advisory()  # type: ignore[attr-defined]


def test_a_release_that_decides_is_found(sockets: dict[str, Path], tmp_path: Path) -> None:
    """The check above can fail."""
    guard = f"{__name__}:Careless"
    assert false_replies(list(cuts("postgres", guard, sockets["postgres"], "before", tmp_path)))
