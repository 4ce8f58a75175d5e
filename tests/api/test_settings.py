"""Settings: what is wrong with them is told all at once, in our words, and without the values."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import PREFIX, Settings
from api.settings_told import example, faults

ROOT = Path(__file__).parents[2]
GOOD = {
    "SMTP_URL": "smtp://mx.example.com",
    "MAIL_FROM": "Countersign <countersign@example.com>",
    "PUBLIC_URL": "https://countersign.example.com",
    "SECRET_KEY": "x" * 44,
    "MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
}
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
    ("ALLOWED_HOSTS", "https://a.example", "must be names or addresses without scheme"),
    ("SECRET_KEY", "hidden", "must have at least 32 characters, and has 6. Make one with: openssl"),
    ("MASTER_KEY", "hidden", "must be 32 bytes in base64"),
    ("MASTER_KEY", "", "No master key is configured. Make one with: openssl rand -base64 32"),
    ("OIDC_ISSUER", "http://login.example.com", "must begin with https://"),
    ("OIDC_CLIENT_ID", "alone", "and COUNTERSIGN_OIDC_ISSUER go together"),
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


def told(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> list[str]:
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


@pytest.mark.parametrize(("name", "value", "sentence"), FAULTS)
def test_what_cannot_be_meant_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    (fault,) = told(monkeypatch, GOOD | {name: value})
    assert fault.startswith(f"{PREFIX}{name} ")
    assert sentence in fault
    assert "hidden" not in fault


def test_all_that_is_missing_or_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, {"DATABASE_URL": "foo", "MASTER_KEY_FILE": "/nope", "IDE": "?"})
    names = [sentence.split(" ", 1)[0].removeprefix(PREFIX) for sentence in found]
    assert names == ["DATABASE_URL", *GOOD, "IDE"]
    assert "is missing" in found[1]
    assert "`openssl rand -base64 32`" in found[4]


def test_a_file_that_cannot_be_read_is_told_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = {name: value for name, value in GOOD.items() if name != "MASTER_KEY"}
    (missing,) = told(monkeypatch, values | {"MASTER_KEY_FILE": "/nope"})
    assert missing == (
        "COUNTERSIGN_MASTER_KEY is to be read from /nope (COUNTERSIGN_MASTER_KEY_FILE):"
        " No such file or directory."
    )
    (tmp_path / "raw").write_bytes(b"\xff" * 32)
    (raw,) = told(monkeypatch, values | {"MASTER_KEY_FILE": "raw"})
    assert "no text in UTF-8" in raw
