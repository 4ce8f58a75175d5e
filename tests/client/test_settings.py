"""Which server the client talks to, and which credential it sends."""

import json
import stat
from pathlib import Path

import pytest

from countersign.connection.credentials import Credentials
from countersign.connection.settings import load_settings, profiles_file, write_profile
from countersign.connection.stored_logins import forget_login, store_login, stored_login
from countersign.errors import NotSignedInError, UsageError

SERVER = "https://countersign.example.com"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_the_environment_names_the_server(environ: dict[str, str]) -> None:
    settings = load_settings(environ | {"COUNTERSIGN_URL": f"{SERVER}/"})
    assert settings.server == settings.audience == SERVER
    assert settings.profile is None


def test_a_profile_names_it_otherwise(environ: dict[str, str]) -> None:
    write_profile(environ, "work", SERVER)
    write_profile(environ, "trial", "http://127.0.0.1:8000")
    assert load_settings(environ).server == SERVER
    chosen = load_settings(environ | {"COUNTERSIGN_PROFILE": "trial"})
    assert (chosen.profile, chosen.server) == ("trial", "http://127.0.0.1:8000")


def test_without_a_server_the_sentence_says_what_to_do(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="countersign login URL"):
        load_settings(environ)


@pytest.mark.parametrize(
    "url",
    ["countersign.example.com", "ftp://example.com", "https://me:pass@example.com", "http://"],
)
def test_what_is_no_url_of_a_server_is_refused(environ: dict[str, str], url: str) -> None:
    with pytest.raises(UsageError):
        load_settings(environ | {"COUNTERSIGN_URL": url})


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost", "sign.localhost"])
def test_plain_http_to_this_machine_needs_no_permission(environ: dict[str, str], host: str) -> None:
    assert load_settings(environ | {"COUNTERSIGN_URL": f"http://{host}"}).server == f"http://{host}"


@pytest.mark.parametrize(
    "host",
    ["countersign.example.com", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"],
)
def test_plain_http_to_another_machine_has_to_be_allowed(
    environ: dict[str, str], host: str
) -> None:
    environ["COUNTERSIGN_URL"] = f"http://{host}"
    with pytest.raises(UsageError, match="Use https, or set COUNTERSIGN_PLAIN_HTTP=true"):
        load_settings(environ)
    environ["COUNTERSIGN_PLAIN_HTTP"] = "true"
    assert load_settings(environ).server == f"http://{host}"


def test_a_damaged_file_of_profiles_is_named(environ: dict[str, str]) -> None:
    profiles_file(environ).parent.mkdir()
    profiles_file(environ).write_text("{")
    with pytest.raises(UsageError, match=r"profiles\.json"):
        load_settings(environ)


def secret_of(environ: dict[str, str]) -> str:
    settings = load_settings(environ | {"COUNTERSIGN_URL": SERVER})
    return Credentials(environ, settings).current().secret


def test_credentials_are_looked_for_in_their_order(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(NotSignedInError, match="countersign login"):
        secret_of(environ)
    store_login(environ, SERVER, "csn_session_stored")
    assert secret_of(environ) == "csn_session_stored"
    token_file = tmp_path / "token"
    token_file.write_text("csn_of_the_file\n")
    environ["COUNTERSIGN_TOKEN_FILE"] = str(token_file)
    assert secret_of(environ) == "csn_of_the_file"
    environ["COUNTERSIGN_TOKEN"] = "csn_of_the_variable"
    assert secret_of(environ) == "csn_of_the_variable"


def test_a_rejected_credential_says_where_it_came_from(
    environ: dict[str, str], tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("csn_of_the_file")
    store_login(environ, SERVER, "csn_session_stored")
    settings = load_settings(environ | {"COUNTERSIGN_URL": SERVER})
    for more, said in (
        ({}, f"session of `countersign login` at {SERVER} has ended. Sign in again"),
        ({"COUNTERSIGN_TOKEN_FILE": str(token_file)}, f"The token in {token_file}, which"),
        ({"COUNTERSIGN_TOKEN": "csn_of_the_variable"}, "The token in COUNTERSIGN_TOKEN is unknown"),
    ):
        credential = Credentials(environ | more, settings).current()
        with pytest.raises(NotSignedInError) as caught, credential.explained():
            raise NotSignedInError("Send a valid API token as `Authorization: Bearer ...`.")
        assert said in str(caught.value)
        assert "csn_" not in str(caught.value)
        assert "Bearer" not in str(caught.value)


def test_the_address_of_the_graphql_is_that_of_its_server(environ: dict[str, str]) -> None:
    for path in ("/graphql", "/graphql/", "/"):
        assert load_settings(environ | {"COUNTERSIGN_URL": SERVER + path}).server == SERVER
    below = f"{SERVER}/countersign"
    assert load_settings(environ | {"COUNTERSIGN_URL": f"{below}/graphql"}).server == below


def test_a_token_file_that_was_written_anew_is_read_again(
    environ: dict[str, str], tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("csn_first")
    environ["COUNTERSIGN_TOKEN_FILE"] = str(token_file)
    settings = load_settings(environ | {"COUNTERSIGN_URL": SERVER})
    credentials = Credentials(environ, settings)
    rejected = credentials.current()
    assert not credentials.renew(rejected)
    token_file.write_text("csn_second")
    assert credentials.renew(rejected)
    assert credentials.current().secret == "csn_second"


def test_no_credential_shows_its_secret(environ: dict[str, str]) -> None:
    environ["COUNTERSIGN_TOKEN"] = "csn_secret"
    settings = load_settings(environ | {"COUNTERSIGN_URL": SERVER})
    assert "csn_secret" not in repr(Credentials(environ, settings).current())


def test_a_stored_login_is_for_its_owner_alone_and_can_be_forgotten(
    environ: dict[str, str], tmp_path: Path
) -> None:
    store_login(environ, SERVER, "csn_session_a")
    store_login(environ, "https://other.example.com", "csn_session_b")
    file = tmp_path / "countersign" / "logins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    forget_login(environ, SERVER)
    assert stored_login(environ, SERVER) is None
    assert json.loads(file.read_text()) == {"https://other.example.com": "csn_session_b"}
