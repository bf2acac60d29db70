"""Set Django up, wherever pytest was started. A project of its own has this in its pytest.ini."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.django.settings")
django.setup()
