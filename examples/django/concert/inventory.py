"""What an exploration needs beside the purchase: to fill the inventory, and to count it."""

from concert.models import Event


def last_ticket():
    """Fill the inventory: one ticket."""
    Event.objects.all().delete()
    Event.objects.create(pk=1, stock=1)


def left():
    """Return how many tickets are left."""
    return Event.objects.get(pk=1).stock
