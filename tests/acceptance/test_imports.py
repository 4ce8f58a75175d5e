"""A process imports large libraries only if its settings need them."""

import sys
from pathlib import Path

import pytest

from tests.support.running import init, serving, settings

#: The command line; when it ends, it writes down which modules it had imported.
PROGRAM = """
import atexit, pathlib, sys
from api.cli.main import app
atexit.register(lambda: pathlib.Path("modules.txt").write_text("\\n".join(sys.modules)))
app()
"""
#: What else there is only for PostgreSQL, migrations, calendar files, OpenID Connect, PKCS#11,
#: AWS KMS and the help of commands.
UNUSED = {"psycopg", "alembic", "mako", "icalendar", "joserfc", "httpx2", "pkcs11", "boto3", "rich"}


@pytest.mark.parametrize(
    ("more", "imported"),
    [
        ({}, set()),
        pytest.param(
            {
                "COUNTERSIGN_OIDC_ISSUER": "https://login.example.com",
                "COUNTERSIGN_OIDC_CLIENT_ID": "countersign",
            },
            {"joserfc", "httpx2"},
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_server_on_sqlite_imports_what_its_settings_need(
    tmp_path: Path, more: dict[str, str], imported: set[str]
) -> None:
    environment = settings(f"sqlite:///{tmp_path / 'countersign.db'}", **more)
    init(environment, tmp_path)

    with serving(environment, tmp_path, program=[sys.executable, "-c", PROGRAM]):
        pass

    modules = (tmp_path / "modules.txt").read_text().splitlines()
    assert "api.app" in modules
    assert UNUSED.intersection(modules) == imported
