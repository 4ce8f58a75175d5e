"""Settings: what is wrong with them is told all at once, in our words, and without the values."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from api.config.secret_strength import weakness, weakness_of_text
from api.config.settings import PREFIX, Settings
from api.config.settings_docs import example, faults
from api.config.settings_warnings import log_warnings, secret_files, settings_warnings

ROOT = Path(__file__).parents[3]


def key_of(purpose: str) -> str:
    """As random to look at as a key of a generator, and the same each time."""
    return base64.b64encode(hashlib.sha256(purpose.encode()).digest()).decode()


GOOD = {
    "SMTP_URL": "smtp://mx.example.com",
    "MAIL_FROM": "Countersign <countersign@example.com>",
    "PUBLIC_URL": "https://countersign.example.com",
    "SECRET_KEY": key_of("secret"),
    "MASTER_KEY": key_of("master"),
}


def _providers(name: str = "okta", **members: object) -> str:
    provider: dict[str, object] = {
        "issuer": "https://login.example.com",
        "client_id": "countersign",
    } | members
    return json.dumps({name: provider})


FAULTS = [
    ("DATABASE_URL", "foo", "must be sqlite:///FILE or postgresql"),
    ("DATABASE_URL", "mysql://u@h/x", "must be sqlite:///FILE or postgresql"),
    ("DATABASE_URL", "postgresql+psycopg://u:p@h:port/x", "must be sqlite:///FILE or postgresql"),
    ("DATABASE_URL", "sqlite://", "must name a file"),
    ("DATABASE_URL", "sqlite:///:memory:", "must name a file"),
    ("LISTEN_URL", "sqlite:///x.db", "must be a PostgreSQL"),
    ("SMTP_URL", "mx.example.com", "must be smtp://"),
    ("SMTP_URL", "smtp://mx.example.com:port", "must be smtp://"),
    ("MAIL_FROM", "nobody", "must be a sender"),
    ("PUBLIC_URL", "foo", "must be an address for browsers"),
    ("PUBLIC_URL", "https://countersign.example.com:port", "must be an address for browsers"),
    ("PUBLIC_URL", "https://countersign.example.com?x=y", "must be an address for browsers"),
    ("TRUSTED_PROXIES", "proxy.example.com", "must be addresses or networks"),
    ("TRUSTED_PROXIES", "10.1.2.3/8", "must be addresses or networks"),
    ("ALLOWED_HOSTS", "https://a.example", "must be names or addresses without scheme"),
    ("SECRET_KEY", "hidden", "must have at least 32 characters, and has 6. Make one with: openssl"),
    ("MASTER_KEY", "hidden", "must be 32 bytes in base64"),
    ("MASTER_KEY", "", "No master key is configured. Make one with: openssl rand -base64 32"),
    ("AWS_KMS_REGION", "", "must be a region of AWS, like eu-central-1"),
    ("AWS_KMS_REGION", "Frankfurt", "must be a region of AWS, like eu-central-1"),
    ("AWS_KMS_ENDPOINT_URL", "http://kms.example.com", "must be an address of KMS with https://"),
    ("AWS_KMS_DELETION_DAYS", "6", "must be at least 7"),
    ("AWS_KMS_DELETION_DAYS", "31", "must be at most 30"),
    ("OIDC_ISSUER", "http://login.example.com", "must begin with https://"),
    ("OIDC_CLIENT_ID", "alone", "and COUNTERSIGN_OIDC_ISSUER go together"),
    ("OIDC_PROVIDERS", "okta", "must be a JSON object of providers by name"),
    ("OIDC_PROVIDERS", '{"okta": {"issuer": "https://a.example"}}', "is wrong at okta.client_id"),
    ("OIDC_PROVIDERS", _providers(issuer="http://a.example"), "must begin with https://"),
    ("OIDC_PROVIDERS", _providers(client_secrets="hidden"), "is wrong at okta.client_secrets"),
    ("OIDC_PROVIDERS", _providers(auth_method="hidden"), "is wrong at okta.auth_method"),
    ("OIDC_PROVIDERS", _providers(scope="email"), "is wrong at okta.scope"),
    ("OIDC_PROVIDERS", _providers(groups={"rules": [{"group": "a"}]}), "need an account"),
    ("OIDC_PROVIDERS", _providers(groups={"rules": []}, account="A"), "okta.groups.rules"),
    ("OIDC_PROVIDERS", _providers("Okta"), "use small letters"),
    ("OIDC_PROVIDERS", _providers("callback"), "neither callback nor link"),
    ("METRICS_ADDRESS", "127.0.0.1", "must be an address and a port"),
    ("METRICS_ADDRESS", "127.0.0.1:99999", "must be an address and a port"),
    ("POOL_SIZE", "many", "must be a whole number"),
    ("POOL_SIZE", "1000", "must be at most 100"),
    ("DELIVERY_RETRY_HOURS", "0", "must be more than 0"),
    ("IDE", "perhaps", "must be true or false"),
    ("TEMPLATES", "/nowhere", "must be a folder that exists"),
]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def problems_with(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> list[str]:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
    try:
        Settings()
    except ValidationError as error:
        return faults(error)
    return []


def test_the_example_in_the_checkout_is_made_of_the_descriptions() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example()


def test_every_setting_has_a_meaning_there_and_the_required_ones_are_to_be_filled_in() -> None:
    lines = example().splitlines()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        sign = "" if field.is_required() else "#"
        assert any(line.startswith(f"{sign}{PREFIX}{name.upper()}=") for line in lines), name


def test_the_example_with_its_keys_filled_in_can_be_read(tmp_path: Path) -> None:
    keys = {"SECRET_KEY=": GOOD["SECRET_KEY"], "MASTER_KEY=": GOOD["MASTER_KEY"]}
    text = example()
    for name, key in keys.items():
        text = text.replace(f"{PREFIX}{name}\n", f"{PREFIX}{name}{key}\n")
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    assert Settings().mail_from == GOOD["MAIL_FROM"]


def test_the_provider_without_a_name_comes_before_those_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = GOOD | {"OIDC_ISSUER": "https://first.example", "OIDC_CLIENT_ID": "first"}
    values |= {"OIDC_NAME": "First", "OIDC_PROVIDERS": _providers(label="Okta")}
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
    providers = Settings().openid_providers()
    labels = [(name, provider.label) for name, provider in providers.items()]
    assert labels == [("", "First"), ("okta", "Okta")]


@pytest.mark.parametrize(("name", "value", "sentence"), FAULTS)
def test_what_cannot_be_meant_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    (fault,) = problems_with(monkeypatch, GOOD | {name: value})
    assert fault.startswith(f"{PREFIX}{name} ")
    assert sentence in fault
    assert "hidden" not in fault


def test_all_that_is_missing_or_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems_with(
        monkeypatch, {"DATABASE_URL": "foo", "MASTER_KEY_FILE": "/nope", "IDE": "?"}
    )
    names = [sentence.split(" ", 1)[0].removeprefix(PREFIX) for sentence in found]
    assert names == ["DATABASE_URL", *GOOD, "IDE"]
    assert "is missing" in found[1]
    assert "`openssl rand -base64 32`" in found[4]


def test_a_file_that_cannot_be_read_is_told_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = {name: value for name, value in GOOD.items() if name != "MASTER_KEY"}
    (missing,) = problems_with(monkeypatch, values | {"MASTER_KEY_FILE": "/nope"})
    assert missing == (
        "COUNTERSIGN_MASTER_KEY is to be read from /nope (COUNTERSIGN_MASTER_KEY_FILE):"
        " No such file or directory."
    )
    (tmp_path / "raw").write_bytes(b"\xff" * 32)
    (raw,) = problems_with(monkeypatch, values | {"MASTER_KEY_FILE": "raw"})
    assert "no text in UTF-8" in raw


def in_base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


FEW, COUNTS, REPEATS = "has too few different", "counts up or down", "repeats itself"
WEAK_KEYS = [
    (bytes(32), FEW),
    (b"\xff" * 32, FEW),
    (b"\x00\x01" * 16, FEW),
    (bytes(range(32)), COUNTS),
    (bytes(range(32, 0, -1)), COUNTS),
    (bytes(range(0, 96, 3)), COUNTS),
    (hashlib.sha256(b"half").digest()[:16] * 2, REPEATS),
    (hashlib.sha256(b"third").digest()[:10] * 3 + b"ab", REPEATS),
    (b"my master key for countersign !!", "is a text that was typed"),
]
WEAK_SECRETS = [
    ("x" * 44, FEW),
    ("abab" * 10, FEW),
    ("password" * 5, FEW),
    ("changeme" * 4 + "!", REPEATS),
    ("abcdefghijklmnopqrstuvwxyz012345", COUNTS),
    (bytes(32).hex(), FEW),
    ("0123456789abcdef" * 2, COUNTS),
    *((in_base64(key), fault) for key, fault in WEAK_KEYS[:-1]),
]


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [("MASTER_KEY", in_base64(key), fault) for key, fault in WEAK_KEYS]
    + [("SECRET_KEY", text, fault) for text, fault in WEAK_SECRETS],
)
def test_a_secret_that_can_be_guessed_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    (sentence,) = problems_with(monkeypatch, GOOD | {name: value})
    assert sentence.startswith(f"{PREFIX}{name} {fault}")
    assert sentence.endswith(": it can be guessed. Make one with: openssl rand -base64 32.")
    assert value not in sentence


@pytest.mark.parametrize(
    "secret",
    [
        GOOD["MASTER_KEY"],
        GOOD["MASTER_KEY"].rstrip("="),
        GOOD["MASTER_KEY"].replace("+", "-").replace("/", "_"),
        base64.b64decode(GOOD["MASTER_KEY"]).hex(),
        base64.b64decode(GOOD["MASTER_KEY"]).hex().upper(),
        key_of("old"),
    ],
)
def test_no_master_key_is_the_secret_key_too_in_whatever_spelling(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    keys = f"{GOOD['MASTER_KEY']},{key_of('old')}"
    (sentence,) = problems_with(monkeypatch, GOOD | {"SECRET_KEY": secret, "MASTER_KEY": keys})
    assert sentence == (
        f"{PREFIX}MASTER_KEY must be another key than SECRET_KEY."
        " Make one with: openssl rand -base64 32."
    )


def test_a_weak_master_key_can_be_replaced_by_a_better_one(monkeypatch: pytest.MonkeyPatch) -> None:
    weak, good = in_base64(bytes(32)), GOOD["MASTER_KEY"]
    assert problems_with(monkeypatch, GOOD | {"MASTER_KEY": f"{good},{weak}"}) == []
    assert len(problems_with(monkeypatch, GOOD | {"MASTER_KEY": f"{weak},{good}"})) == 1


def test_what_generators_print_is_never_refused() -> None:
    for _ in range(500):
        key = os.urandom(32)
        for text in (in_base64(key), key.hex(), key[:16].hex(), secrets.token_urlsafe(24)):
            assert weakness_of_text(text) is None, text
        assert weakness(key) is None


def test_mails_that_are_not_sent_are_warned_of_with_the_page_that_shows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert problems_with(monkeypatch, GOOD | {"SMTP_URL": "log:kept"}) == []
    (warning,) = settings_warnings(Settings())
    assert (warning.event, warning.subject) == ("mails_are_not_sent", "kept")
    assert "http://127.0.0.1:8025/" in warning.sentence


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)]
)
def test_files_with_secrets_that_everybody_can_read_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, warned: bool
) -> None:
    values = {
        name: value for name, value in GOOD.items() if name not in ("MASTER_KEY", "SECRET_KEY")
    }
    (tmp_path / "master").write_text(GOOD["MASTER_KEY"])
    env = f"{PREFIX}SECRET_KEY={GOOD['SECRET_KEY']}\n{PREFIX}PUBLIC_URL_FILE=public\n"
    (tmp_path / ".env").write_text(env)
    (tmp_path / "public").write_text("https://countersign.example.com")
    (tmp_path / "public").chmod(0o644)  # there is no secret in it
    for name in ("master", ".env"):
        (tmp_path / name).chmod(mode)
    assert problems_with(monkeypatch, values | {"MASTER_KEY_FILE": "master"}) == []

    with structlog.testing.capture_logs() as logs:
        log_warnings(Settings())

    files = [line["subject"] for line in logs if line["event"] == "secret_file_readable_by_all"]
    assert files == ([".env", "master"] if warned else [])
    assert not warned or "chmod 600 master" in str(logs)
    assert GOOD["MASTER_KEY"] not in str(logs)


def test_an_env_file_without_secrets_may_be_read_by_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}IDE=true\n")
    (tmp_path / ".env").chmod(0o644)
    assert problems_with(monkeypatch, GOOD) == []
    assert settings_warnings(Settings()) == []


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://countersign.example.com", True),
        ("http://10.0.0.1:8000", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("https://countersign.example.com", False),
    ],
)
def test_plain_http_that_leaves_this_machine_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, url: str, warned: bool
) -> None:
    assert problems_with(monkeypatch, GOOD | {"PUBLIC_URL": url}) == []
    events = [warning.event for warning in settings_warnings(Settings())]
    assert events == (["public_url_without_tls"] if warned else [])


@pytest.mark.parametrize(
    ("proxies", "warned"),
    [
        ("*", True),
        ("10.0.0.1, 0.0.0.0/0", True),
        ("::/0", True),
        ("10.0.0.0/8,::1,", False),
        ("", False),
    ],
)
def test_everybody_as_a_proxy_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, proxies: str, warned: bool
) -> None:
    assert problems_with(monkeypatch, GOOD | {"TRUSTED_PROXIES": proxies}) == []
    events = [warning.event for warning in settings_warnings(Settings())]
    assert events == (["everybody_is_a_trusted_proxy"] if warned else [])


def test_every_setting_that_is_secret_has_its_file_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ["database_url", "listen_url", "smtp_url", "secret_key", "master_key", "pkcs11_pin"]
    names += ["oidc_client_secret", "oidc_providers", "channel_options"]
    for name in names:
        monkeypatch.setenv(f"{PREFIX}{name.upper()}_FILE", str(tmp_path / name))
    assert {file.name for file in secret_files()} >= set(names)
