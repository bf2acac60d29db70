"""Purchase functions with SQLAlchemy that go ways which plain statements do not."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from sqlalchemy import create_engine, update
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")


def engine_of(driver: str = "psycopg", **options: Any) -> Any:
    return create_engine(URL.replace("postgresql://", f"postgresql+{driver}://"), **options)


engine = engine_of()
pinged = engine_of(pool_pre_ping=True)
serializable = engine_of(isolation_level="SERIALIZABLE")
autocommitting = engine_of(isolation_level="AUTOCOMMIT")


class Base(DeclarativeBase):
    pass


class Event(Base):
    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    stock: Mapped[int]


class Waiting(Base):
    __tablename__ = "waiting"
    id: Mapped[int] = mapped_column(primary_key=True)


def setup() -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.query(Event).delete()
        session.query(Waiting).delete()
        session.add(Event(id=1, stock=int(os.environ.get("TICKETS", "1"))))


def left() -> int:
    with Session(engine) as session:
        return session.get_one(Event, 1).stock


def _buy(session: Session, **how: Any) -> bool:
    event = session.get_one(Event, 1, **how)
    if event.stock < 1:
        return False
    event.stock -= 1
    return True


def naive() -> bool:
    with Session(engine) as session, session.begin():
        return _buy(session)


def locked() -> bool:
    with Session(engine) as session, session.begin():
        return _buy(session, with_for_update=True)


def conditional() -> bool:
    with Session(engine) as session, session.begin():
        taken = update(Event).where(Event.id == 1, Event.stock >= 1)
        return bool(session.execute(taken.values(stock=Event.stock - 1)).rowcount == 1)  # type: ignore[attr-defined]


def isolated() -> bool:
    with Session(serializable) as session, session.begin():
        return _buy(session)


def locked_by_a_pinged_pool() -> bool:
    with Session(pinged) as session, session.begin():
        return _buy(session, with_for_update=True)


def locked_in_autocommit() -> bool:
    """Wrong: the lock ends with its statement."""
    with Session(autocommitting) as session, session.begin():
        return _buy(session, with_for_update=True)


def locked_in_a_savepoint() -> bool:
    with Session(engine) as session, session.begin(), session.begin_nested():
        return _buy(session, with_for_update=True)


def waits_where_sold_out() -> bool:
    """Execute a statement only where another buyer was first."""
    with Session(engine) as session, session.begin():
        sold = _buy(session, with_for_update=True)
        if not sold:
            session.add(Waiting(id=1))
        return sold


def driver_below() -> bool:
    """Go past the ORM, and past SQLAlchemy."""
    with engine.begin() as connection, connection.connection.cursor() as cursor:
        cursor.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
        return bool(cursor.rowcount == 1)


async def _asynchronous() -> bool:
    database = create_async_engine(URL.replace("postgresql://", "postgresql+psycopg_async://"))
    async with database.begin() as connection:
        taken = update(Event).where(Event.stock >= 1).values(stock=Event.stock - 1)
        found = await connection.execute(taken)
    await database.dispose()
    return bool(found.rowcount == 1)


def asynchronous() -> bool:
    return asyncio.run(_asynchronous())


async def _asynchronous_driver() -> bool:
    import psycopg

    async with await psycopg.AsyncConnection.connect(URL) as connection:
        found = await connection.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
        return found.rowcount == 1


def asynchronous_driver() -> bool:
    return asyncio.run(_asynchronous_driver())
