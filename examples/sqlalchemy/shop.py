"""A shop with SQLAlchemy: one wrong way to sell the last ticket, and two right ones."""

import os

from sqlalchemy import create_engine, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")
engine = create_engine(URL.replace("postgresql://", "postgresql+psycopg://"))


class Base(DeclarativeBase):
    """The tables of the shop."""


class Event(Base):
    """A concert, and how many tickets are left."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    stock: Mapped[int]


def buy_wrong():
    """Wrong: another buyer sells between the SELECT and the UPDATE."""
    with Session(engine) as session, session.begin():
        event = session.get_one(Event, 1)
        if event.stock < 1:
            return False
        event.stock -= 1
        return True


def buy_locked():
    """Right: SELECT … FOR UPDATE locks the row until the transaction ends."""
    with Session(engine) as session, session.begin():
        event = session.get_one(Event, 1, with_for_update=True)
        if event.stock < 1:
            return False
        event.stock -= 1
        return True


def buy_if_there():
    """Right: one UPDATE looks and takes."""
    with Session(engine) as session, session.begin():
        taken = update(Event).where(Event.id == 1, Event.stock >= 1)
        return session.execute(taken.values(stock=Event.stock - 1)).rowcount == 1


def setup():
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.query(Event).delete()
        session.add(Event(id=1, stock=1))


def left():
    with Session(engine) as session:
        return session.get_one(Event, 1).stock
