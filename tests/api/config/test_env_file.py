"""Which file settings are read from, and what wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.config.settings import PREFIX, Settings
from api.config.settings_files import ENV_FILE_VARIABLE, env_file
from api.config.settings_warnings import secret_files
from tests.api.config.test_settings import GOOD

REQUIRED = {PREFIX + name: value for name, value in GOOD.items()}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(ENV_FILE_VARIABLE, raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def write(file: Path, **more: str) -> None:
    values = REQUIRED | {PREFIX + name: value for name, value in more.items()}
    file.write_text("".join(f"{name}='{value}'\n" for name, value in values.items()))


def test_it_is_that_of_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path / ".env", PUBLIC_URL="https://one.example.com")
    assert env_file() == Path(".env")
    assert Settings().public_url == "https://one.example.com"


def test_the_environment_names_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / ".env", PUBLIC_URL="https://one.example.com", IDE="true")
    write(tmp_path / "other", PUBLIC_URL="https://other.example.com")
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(tmp_path / "other"))
    settings = Settings()
    assert (settings.public_url, settings.ide) == ("https://other.example.com", False)
    assert secret_files() == [tmp_path / "other"]


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / ".env")
    monkeypatch.setenv(f"{PREFIX}PUBLIC_URL", "https://mine.example.com")
    assert Settings().public_url == "https://mine.example.com"


def test_a_named_file_that_is_missing_is_no_reason_to_go_on_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    assert Settings().ide is False
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError, match="missing"):
        Settings()


def test_files_that_it_names_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / "other", PUBLIC_URL_FILE=str(tmp_path / "url"))
    text = (tmp_path / "other").read_text().replace(f"{PREFIX}PUBLIC_URL=", "UNUSED=")
    (tmp_path / "other").write_text(text)
    (tmp_path / "url").write_text("https://from-file.example.com\n")
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(tmp_path / "other"))
    assert Settings().public_url == "https://from-file.example.com"


@pytest.mark.parametrize(("command", "code"), [("doctor", 1), ("serve", 2), ("migrate", 2)])
def test_every_command_tells_that_the_named_file_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, code: int
) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(tmp_path / "missing"))
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == code
    assert f"{tmp_path / 'missing'} cannot be read: " in done.output
