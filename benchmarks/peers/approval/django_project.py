"""A Django project in one module, which is its one application, too."""

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from timing import DATABASE

#: As Django's documentation has it for SQLite in production, and as careful as Countersign.
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATABASE.removeprefix("sqlite:///"),
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
}


def start(*applications: str) -> None:
    """Before any model is defined."""
    settings.configure(
        DATABASES={"default": SQLITE if DATABASE.startswith("sqlite") else _postgresql()},
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            *applications,
            "__main__",
        ],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def make_tables(application: str = "__main__") -> None:
    """Of an application whose models are defined by now."""
    with connection.schema_editor() as editor:
        for model in apps.get_app_config(application).get_models():
            if not model._meta.proxy:
                editor.create_model(model)


def _postgresql() -> dict[str, object]:
    name, _, host = DATABASE.rpartition("/test_")[2].partition("?host=")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": f"test_{name}",
        "HOST": host,
        "USER": "postgres",
        "CONN_MAX_AGE": None,
    }
