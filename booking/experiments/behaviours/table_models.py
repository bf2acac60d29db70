"""What an ORM calls the tables of the user: its classes, as far as it has been imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any


def model_names() -> dict[str, str]:
    """Return the name of the class for each table of Django and SQLAlchemy."""
    return dict([*_of_django(), *_of_sqlalchemy()])


def _of_django() -> Iterator[tuple[str, str]]:
    module: Any = sys.modules.get("django.apps")
    if module is None or not module.apps.ready:
        return
    for model in module.apps.get_models():
        yield model._meta.db_table, model.__name__


def _of_sqlalchemy() -> Iterator[tuple[str, str]]:
    module: Any = sys.modules.get("sqlalchemy.orm.mapper")
    if module is None:
        return
    for registry in module._all_registries():
        for mapper in registry.mappers:
            yield str(mapper.local_table.name), mapper.class_.__name__
