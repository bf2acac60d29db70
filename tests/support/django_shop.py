"""Purchase functions with Django in one module, over PostgreSQL or SQLite: right and wrong ways."""

from __future__ import annotations

import os

import django
from django.conf import settings

PRIVATE = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}
IN_A_FILE = {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db",
    "OPTIONS": {"transaction_mode": os.environ.get("TRANSACTION_MODE", "DEFERRED")},
}  # fmt: skip
if not settings.configured:
    settings.configure(
        DATABASES={"default": PRIVATE if "DATABASE_URL" in os.environ else IN_A_FILE},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()

from django.db import connection, models, transaction  # noqa: E402 - Django's settings come first
from django.db.models import F  # noqa: E402


class Event(models.Model):
    stock = models.IntegerField()

    class Meta:
        app_label = "tests"


def setup() -> None:
    if Event._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Event)
    Event.objects.all().delete()
    Event.objects.create(pk=1, stock=int(os.environ.get("TICKETS", "1")))


def left() -> int:
    return int(Event.objects.get(pk=1).stock)


def _sell(event: Event) -> bool:
    if event.stock < 1:
        return False
    event.stock -= 1
    event.save()
    return True


@transaction.atomic
def saved() -> bool:
    return _sell(Event.objects.get(pk=1))


@transaction.atomic
def locked() -> bool:
    return _sell(Event.objects.select_for_update().get(pk=1))


def filtered() -> bool:
    return bool(Event.objects.filter(pk=1, stock__gte=1).update(stock=F("stock") - 1) == 1)
