"""Credentials that are fetched: a pipeline's token, and what a keyring keeps."""

import stat
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from countersign.cli.runs import login
from countersign.connection import oauth
from countersign.connection.credentials import Credentials
from countersign.connection.settings import Settings
from countersign.connection.stored_logins import forget_login, store_login, stored_login
from countersign.errors import NotSignedInError, UsageError

SERVER = "https://countersign.example.com"
SETTINGS = Settings(server=SERVER, rule="rule-1", audience=SERVER)


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The exchanges that were asked for; the server answers each with another token."""
    forms: list[dict[str, str]] = []

    def post_form(server: str, path: str, form: dict[str, str]) -> dict[str, Any]:
        assert (server, path) == (SERVER, "/oauth/token")
        forms.append(form)
        return {"access_token": f"csn_{len(forms)}", "expires_in": 900}

    monkeypatch.setattr(oauth, "post_form", post_form)
    return forms


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    return {"COUNTERSIGN_ID_TOKEN": "job's own", "XDG_CACHE_HOME": str(tmp_path), "CI_JOB_ID": "1"}


def secret_of(job: dict[str, str]) -> str:
    """What a new command of a job sends."""
    return Credentials(job, SETTINGS).current().secret


def test_the_commands_of_a_job_share_one_exchange(
    job: dict[str, str], exchanges: list[dict[str, str]], tmp_path: Path
) -> None:
    assert secret_of(job) == secret_of(job) == "csn_1"
    (form,) = exchanges
    assert (form["client_id"], form["subject_token"]) == ("rule-1", "job's own")
    (file,) = tmp_path.rglob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Another job of the same runner has a token of its own.
    assert secret_of(job | {"CI_JOB_ID": "2"}) == "csn_2"


def test_jobs_without_numbers_share_no_exchange(
    job: dict[str, str], exchanges: list[dict[str, str]], tmp_path: Path
) -> None:
    del job["CI_JOB_ID"]
    assert secret_of(job) == "csn_1"
    assert secret_of(job | {"COUNTERSIGN_ID_TOKEN": "another job's"}) == "csn_2"
    del job["COUNTERSIGN_ID_TOKEN"]
    for token, expected in (("first", "csn_3"), ("second", "csn_4"), ("first", "csn_3")):
        (tmp_path / "token").write_text(token)
        assert secret_of(job | {"COUNTERSIGN_ID_TOKEN_FILE": str(tmp_path / "token")}) == expected


def test_a_token_that_ends_or_is_rejected_is_exchanged_anew(
    job: dict[str, str], exchanges: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = Credentials(job, SETTINGS)
    assert credentials.renew(credentials.current())
    assert credentials.current().secret == "csn_2"
    later = time.time() + 860
    monkeypatch.setattr("countersign.connection.pipelines.time.time", lambda: later)
    assert secret_of(job) == "csn_3"


def test_a_projected_token_is_read_from_its_file(
    job: dict[str, str], exchanges: list[dict[str, str]], tmp_path: Path
) -> None:
    del job["COUNTERSIGN_ID_TOKEN"]
    with pytest.raises(NotSignedInError, match="no token of its own"):
        secret_of(job)
    job["COUNTERSIGN_ID_TOKEN_FILE"] = str(tmp_path / "token")
    with pytest.raises(NotSignedInError, match="cannot be read"):
        secret_of(job)
    (tmp_path / "token").write_text("projected\n")
    secret_of(job)
    assert exchanges[0]["subject_token"] == "projected"


def test_a_keyring_keeps_a_login_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passwords: dict[tuple[str, str], str] = {}
    keyring, backends, fail = (
        ModuleType(name) for name in ("keyring", "keyring.backends", "keyring.backends.fail")
    )
    fail.Keyring = type("Keyring", (), {})
    keyring.get_keyring = object
    keyring.get_password = lambda service, name: passwords.get((service, name))
    keyring.set_password = lambda service, name, value: passwords.update({(service, name): value})
    keyring.delete_password = lambda service, name: passwords.pop((service, name))
    for module in (keyring, backends, fail):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert store_login(environ, SERVER, "csn_session") == "the keyring"
    assert passwords == {("countersign", SERVER): "csn_session"}
    assert stored_login(environ, SERVER) == "csn_session"
    assert list(tmp_path.iterdir()) == []
    forget_login(environ, SERVER)
    assert stored_login(environ, SERVER) is None
    # One that has no place to keep secrets is none.
    keyring.get_keyring = fail.Keyring
    assert store_login(environ, SERVER, "csn_session").endswith("logins.json")


def test_a_browser_opens_web_addresses_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    address = "file:///etc/hostname"
    codes = {"verification_uri": address, "verification_uri_complete": address, "user_code": "A"}
    monkeypatch.setattr(oauth, "post_form", lambda *_: codes)
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with pytest.raises(UsageError):
        login.sign_in("https://countersign.example.com", None, opens_browser=True)
    assert opened == []
