"""The adapter: django-oscar's own check of availability, allocation and consumption."""

from django.db import transaction
from oscar.apps.partner.availability import StockRequired
from oscar.apps.partner.models import StockRecord


def setup():
    StockRecord.objects.update(num_in_stock=1, num_allocated=0)


def left():
    return StockRecord.objects.get().net_stock_level


def buy_from(records):
    stock = records.get()
    allowed, _ = StockRequired(stock.net_stock_level).is_purchase_permitted(1)
    return allowed and not stock.allocate(1)


def buy_wrong():
    """As the checkout does: the check first, the allocation later."""
    return buy_from(StockRecord.objects)


def buy_locked():
    with transaction.atomic():
        return buy_from(StockRecord.objects.select_for_update())
