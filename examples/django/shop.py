"""A shop with Django: one wrong way to sell the last ticket, and two right ones."""

from django.db import transaction
from django.db.models import F

from .models import Event


@transaction.atomic
def buy_wrong():
    """Wrong: another buyer sells between the SELECT and the UPDATE."""
    event = Event.objects.get(pk=1)
    if event.stock < 1:
        return False
    event.stock -= 1
    event.save()
    return True


@transaction.atomic
def buy_locked():
    """Right: SELECT … FOR UPDATE locks the row until the transaction ends."""
    event = Event.objects.select_for_update().get(pk=1)
    if event.stock < 1:
        return False
    event.stock -= 1
    event.save()
    return True


def buy_if_there():
    """Right: one UPDATE looks and takes."""
    return Event.objects.filter(pk=1, stock__gte=1).update(stock=F("stock") - 1) == 1


def setup():
    Event.objects.all().delete()
    Event.objects.create(pk=1, stock=1)


def left():
    return Event.objects.get(pk=1).stock
