"""Settings for tests: a private PostgreSQL, on which pytest-django makes its test databases."""

from booking.testing import private_postgres

private_postgres()  # sets PGHOST and PGUSER, by which Django finds it
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}}
INSTALLED_APPS = ["examples.django"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
