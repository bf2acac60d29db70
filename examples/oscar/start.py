"""Settings of a django-oscar project, its tables, and one product to sell."""

import django
import oscar.defaults
from django.conf import settings
from django.core.management import call_command


class NoMigrations:
    """Make the tables from the models: the migrations take half a minute."""

    def __contains__(self, application):
        return True

    def __getitem__(self, application):
        return None


def start():
    settings.configure(
        **{name: value for name, value in vars(oscar.defaults).items() if name.isupper()},
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}},
        HAYSTACK_CONNECTIONS={
            "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
        },
        INSTALLED_APPS=oscar.INSTALLED_APPS,
        MIGRATION_MODULES=NoMigrations(),
        SECRET_KEY="of no use",
        SITE_ID=1,
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from oscar.test.factories import create_product

    create_product(num_in_stock=1)
