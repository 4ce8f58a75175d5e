"""The first settings: fresh secrets, and a file that is never changed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from api.cli.first_settings import (
    database_beside,
    fresh_secrets,
    mail_url,
    missing_settings,
    sender_for,
    write_env_file,
)
from api.config.secret_strength import weakness_of_text
from api.config.settings import PREFIX, Settings
from api.runtime.startup_checks import NotReadyError
from notifications.channels.smtp import Server
from tests.api.config.test_settings import GOOD


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
        monkeypatch.delenv(f"{PREFIX}{name.upper()}_FILE", raising=False)


def test_what_is_missing_is_what_has_no_default_and_no_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert missing_settings() == ["smtp_url", "mail_from", "public_url", "secret_key", "master_key"]
    monkeypatch.setenv(f"{PREFIX}PUBLIC_URL", "nonsense, which is told later")
    (tmp_path / "key").write_text(GOOD["SECRET_KEY"])
    monkeypatch.setenv(f"{PREFIX}SECRET_KEY_FILE", str(tmp_path / "key"))
    assert missing_settings() == ["smtp_url", "mail_from", "master_key"]
    for name, value in GOOD.items():
        monkeypatch.setenv(PREFIX + name, value)
    assert missing_settings() == []


def test_secrets_are_fresh_and_valid() -> None:
    first, second = fresh_secrets(), fresh_secrets()
    assert set(first.values()).isdisjoint(second.values())
    assert weakness_of_text(first["secret_key"]) is None
    Settings(
        _env_file=None,
        smtp_url=GOOD["SMTP_URL"],
        mail_from=GOOD["MAIL_FROM"],
        public_url=GOOD["PUBLIC_URL"],
        **first,
    )


def test_the_database_is_beside_the_file_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = {"database_url": f"sqlite:///{tmp_path}/countersign.db"}
    assert database_beside(Path(".env")) == expected
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL_FILE", "/run/secrets/url")
    assert database_beside(Path(".env")) == {}


@pytest.mark.parametrize(
    ("server", "user", "password", "url"),
    [
        ("smtp://mx.example.com", None, None, "smtp://mx.example.com"),
        ("smtp://mx.example.com:25?tls=none", "me", None, "smtp://me@mx.example.com:25?tls=none"),
        (
            "smtp://mx.example.com:587?tls=starttls",
            "me@example.com",
            "p:/@ %${X}'",
            "smtp://me%40example.com:p%3A%2F%40%20%25%24%7BX%7D%27@mx.example.com:587?tls=starttls",
        ),
    ],
)
def test_user_and_password_are_put_into_the_mail_servers_address(
    tmp_path: Path, server: str, user: str | None, password: str | None, url: str
) -> None:
    assert mail_url(server, user, password, tmp_path / ".env") == url
    assert (Server.of(url).user, Server.of(url).password) == (user, password)


def test_a_folder_for_mails_is_beside_the_file(tmp_path: Path) -> None:
    assert mail_url("log:", None, None, Path(".env")) == f"log:{tmp_path}/mails"
    assert mail_url("log:kept", None, None, Path(".env")) == f"log:{tmp_path}/kept"
    assert mail_url("log:/data/kept", None, None, Path(".env")) == "log:/data/kept"


@pytest.mark.parametrize("server", ["smtp://me:hidden@mx.example.com", "smtp://me@mx.example.com"])
def test_no_password_is_taken_in_the_address(tmp_path: Path, server: str) -> None:
    with pytest.raises(NotReadyError, match="--mail-password-file") as raised:
        mail_url(server, None, None, tmp_path / ".env")
    assert "hidden" not in str(raised.value)


def test_the_sender_is_at_the_administrators_domain() -> None:
    assert sender_for("ada@mail.example.com") == "Countersign <countersign@mail.example.com>"


def test_the_file_is_for_its_owner_alone_and_gives_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "new.env"
    values = {"mail_from": 'O\'Brien \\ "Sons" #1 <c@example.com>', "secret_key": "a$b c"}
    write_env_file(file, values)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert dotenv_values(file) == {f"{PREFIX}{name.upper()}": v for name, v in values.items()}


def test_a_file_that_is_there_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("mine")
    with pytest.raises(NotReadyError, match="cannot be written: File exists"):
        write_env_file(file, fresh_secrets())
    assert file.read_text() == "mine"
    with pytest.raises(NotReadyError, match="cannot be written: No such file"):
        write_env_file(tmp_path / "nowhere" / ".env", fresh_secrets())


def test_what_would_be_read_as_something_else_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="leave out"):
        write_env_file(tmp_path / ".env", {"mail_from": "${HOME} <c@example.com>"})
    assert not (tmp_path / ".env").exists()
