"""`countersign init`: what it asks for, what it writes, and what it leaves alone."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from dotenv import dotenv_values
from typer.testing import CliRunner

from api.cli import init_answers
from api.cli.init import serve_command
from api.cli.main import app
from api.config.settings import PREFIX, Settings
from engine.persistence.db.database import Database
from engine.persistence.store.tables import accounts, users
from tests.api.config.test_settings import GOOD

ACCOUNT = ("--account", "Acme", "--admin-email", "ada@example.com")
SETTINGS = ("--public-url", "http://127.0.0.1:8123", "--mail-server", "log:")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(f"{PREFIX}ENV_FILE", raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
        monkeypatch.delenv(f"{PREFIX}{name.upper()}_FILE", raising=False)


def init(*words: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(app, ["init", *words], input=answers)


def written(tmp_path: Path) -> dict[str, str | None]:
    return dotenv_values(tmp_path / ".env")


def people(tmp_path: Path) -> list[tuple[str, str, str]]:
    database = Database(f"sqlite:///{tmp_path}/countersign.db")
    query = sa.select(accounts.c.name, users.c.email, users.c.name.label("person")).join(
        users, users.c.account_id == accounts.c.id
    )
    with database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    database.dispose()
    return rows


def test_options_say_everything(tmp_path: Path) -> None:
    done = init(*ACCOUNT, "--admin-name", "Ada Lovelace", *SETTINGS)
    assert done.exit_code == 0, done.output
    values = written(tmp_path)
    keys = {name: values.pop(f"{PREFIX}{name}") for name in ("SECRET_KEY", "MASTER_KEY")}
    assert values == {
        f"{PREFIX}DATABASE_URL": f"sqlite:///{tmp_path}/countersign.db",
        f"{PREFIX}PUBLIC_URL": "http://127.0.0.1:8123",
        f"{PREFIX}SMTP_URL": f"log:{tmp_path}/mails",
        f"{PREFIX}MAIL_FROM": "Countersign <countersign@example.com>",
    }
    assert len(base64.b64decode(keys["MASTER_KEY"] or "")) == 32
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert people(tmp_path) == [("Acme", "ada@example.com", "Ada Lovelace")]
    assert "Next: countersign serve --port 8123\n" in done.output
    assert "No mail leaves this machine" in done.output
    assert not any(key in done.output for key in keys.values() if key)


def test_a_terminal_is_asked_and_a_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(init_answers, "is_terminal", lambda: True)
    answers = [
        *("Acme", "ada@example.com", "Ada", "", "smtp://mx.example.com:587?tls=starttls"),
        *("ada", "hidden-word"),
    ]
    done = init(answers="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    values = written(tmp_path)
    assert values[f"{PREFIX}PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert values[f"{PREFIX}SMTP_URL"] == ("smtp://ada:hidden-word@mx.example.com:587?tls=starttls")
    assert "hidden-word" not in done.output
    assert people(tmp_path) == [("Acme", "ada@example.com", "Ada")]
    assert "Next: countersign serve\n" in done.output


def test_without_a_terminal_all_that_is_needed_is_told_at_once(tmp_path: Path) -> None:
    done = init("--admin-email", "ada@example.com")
    assert done.exit_code == 1
    assert "give --account, --public-url, --mail-server." in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    done = init(*ACCOUNT, "--public-url", "nowhere", "--mail-server", "mx.example.com")
    assert done.exit_code == 2
    assert "COUNTERSIGN_PUBLIC_URL must be an address" in done.output
    assert "COUNTERSIGN_SMTP_URL must be smtp://" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_changed_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    text = f"{PREFIX}PUBLIC_URL=https://countersign.example.com\n"
    (tmp_path / ".env").write_text(text)
    done = init(*ACCOUNT, *SETTINGS)
    assert done.exit_code == 2
    for name in ("SMTP_URL", "MAIL_FROM", "SECRET_KEY", "MASTER_KEY"):
        assert f"{PREFIX}{name} is missing." in done.output
    assert ".env is there, and init never changes it" in done.output
    assert (tmp_path / ".env").read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


def test_a_second_account_uses_the_settings_that_are_there(tmp_path: Path) -> None:
    assert init(*ACCOUNT, *SETTINGS).exit_code == 0
    before = (tmp_path / ".env").read_bytes()
    other = ("--account", "Other", "--admin-email", "bob@example.com")
    assert init(*other).exit_code == 0
    # The same again is no contradiction, anything else is.
    assert init("--account", "Third", "--admin-email", "c@example.com", *SETTINGS).exit_code == 0
    refused = init("--account", "No", *other[2:], "--public-url", "http://127.0.0.1:9")
    assert refused.exit_code == 1
    assert "PUBLIC_URL is set to something else already" in refused.output
    assert (tmp_path / ".env").read_bytes() == before
    assert sorted(name for name, _, _ in people(tmp_path)) == ["Acme", "Other", "Third"]


def test_where_the_environment_has_all_settings_no_file_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(PREFIX + name, value)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite:///{tmp_path}/countersign.db")
    assert init(*ACCOUNT).exit_code == 0
    assert not (tmp_path / ".env").exists()


def test_what_the_environment_has_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SMTP_URL", "MAIL_FROM", "PUBLIC_URL"):
        monkeypatch.setenv(PREFIX + name, GOOD[name])
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite:///{tmp_path}/countersign.db")
    assert init(*ACCOUNT).exit_code == 0
    assert set(written(tmp_path)) == {f"{PREFIX}SECRET_KEY", f"{PREFIX}MASTER_KEY"}


def test_the_environment_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.env"
    monkeypatch.setenv(f"{PREFIX}ENV_FILE", str(file))
    assert init(*ACCOUNT, *SETTINGS).exit_code == 0
    assert file.exists()
    assert not (tmp_path / ".env").exists()
    assert Settings().public_url == "http://127.0.0.1:8123"


def test_the_password_at_the_mail_server_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hidden-word\n")
    words = ("--public-url", "https://c.example.com", "--mail-server", "smtp://mx.example.com")
    credentials = ("--mail-user", "ada", "--mail-password-file", "password")
    done = init(*ACCOUNT, *words, *credentials)
    assert done.exit_code == 0, done.output
    assert written(tmp_path)[f"{PREFIX}SMTP_URL"] == "smtp://ada:hidden-word@mx.example.com"
    assert "hidden-word" not in done.output
    refused = init(*ACCOUNT, *words, "--mail-password-file", "nowhere")
    assert "nowhere cannot be read" in refused.output


@pytest.mark.parametrize(
    ("public_url", "serve"),
    [
        ("http://127.0.0.1:8000", "countersign serve"),
        ("http://localhost:9000", "countersign serve --port 9000"),
        ("http://[::1]", "countersign serve --port 80"),
        ("https://countersign.example.com", "countersign serve"),
        ("http://countersign.example.com:9000", "countersign serve"),
    ],
)
def test_the_next_command_serves_at_the_public_url(public_url: str, serve: str) -> None:
    assert serve_command(public_url) == serve
