"""The distributions' names are our own, and no line asks anybody to fetch another's package."""

import re
import subprocess
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from api.cli.main import app
from countersign.main import main

ROOT = Path(__file__).parents[2]


def project_in(folder: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return project


PROJECT = project_in(ROOT)
CLIENT = project_in(ROOT / "client")
#: An installer, options and whatever else on that line, and the name that is another's on PyPI.
FETCHES = re.compile(
    r"\b(?:[Ii]nstall|uvx|pipx run|uv add|uv tool run|poetry add)\b[^\n]*?"
    r"[\s\"'`]countersign(?![\w./-])(?:\[|[\s\"'`=<>~]|$)",
)
#: The prefix by which sentences of the command line begin.
SENTENCE = re.compile(r"countersign: ")


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [ROOT / name for name in names if name]


@pytest.mark.parametrize(
    "line",
    [
        "pipx install countersign",
        'pip install "countersign[pkcs11]"',
        "python -m pip install --upgrade countersign==1.0",
        "Install countersign[demo].",
        "uvx countersign demo",
    ],
)
def test_a_line_that_fetches_the_package_of_another_is_noticed(line: str) -> None:
    assert FETCHES.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "pip install dist/countersign_server-0.1.0-py3-none-any.whl",
        'pip install ".[pkcs11]"',
        "uv pip install --require-hashes --requirement requirements.lock",
        ".venv/bin/countersign init",
    ],
)
def test_a_line_that_installs_what_is_here_is_fine(line: str) -> None:
    assert not FETCHES.search(line)


def test_no_line_fetches_the_package_of_another() -> None:
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in tracked()
        if path != Path(__file__) and path.suffix not in {".lock", ".png"} and path.is_file()
        for line in path.read_text("utf-8", errors="replace").splitlines()
        # What development and a checkout of an earlier name leave behind may be removed.
        if FETCHES.search(SENTENCE.sub("", line)) and "uninstall" not in line
    ]
    assert lines == []


def test_the_command_keeps_its_name_and_is_the_clients() -> None:
    assert PROJECT["name"] == "countersign-server"
    assert CLIENT["name"] == "countersign-client"
    assert "scripts" not in PROJECT
    assert CLIENT["scripts"] == {
        "countersign": "countersign.main:main",
        # Git, notation and cosign look for programs of these names.
        "countersign-gpg": "countersign.agent.gpg.wrapper:main",
        "notation-countersign": "countersign.agent.plugins.notation:main",
        "sigstore-kms-countersign": "countersign.agent.plugins.cosign:main",
    }
    (command,) = (
        entry for entry in entry_points(group="console_scripts") if entry.name == "countersign"
    )
    assert command.load() is main


def test_both_distributions_have_one_version_and_the_server_needs_that_of_the_client() -> None:
    assert CLIENT["version"] == PROJECT["version"] == version("countersign-server")
    assert version("countersign-client") == CLIENT["version"]
    assert f"countersign-client=={CLIENT['version']}" in PROJECT["dependencies"]


def test_each_verb_of_the_server_joins_the_command() -> None:
    own = typer.main.get_command(app)
    assert isinstance(own, TyperGroup)
    declared = PROJECT["entry-points"]["countersign.verbs"]
    assert declared == dict.fromkeys(sorted(own.commands), "api.cli.main:app")
    assert {entry.name for entry in entry_points(group="countersign.verbs")} == set(declared)


def test_strawberry_is_bounded_above() -> None:
    (bound,) = (line for line in PROJECT["dependencies"] if line.startswith("strawberry-graphql"))
    assert re.fullmatch(r"strawberry-graphql>=0\.\d+,<0\.\d+", bound)


def locked(file: str) -> dict[str, str]:
    """The versions in a lock file, by the names of the packages."""
    pinned = r"^([a-z0-9-]+)(?:\[.*\])?==([^ ;]+)"
    return dict(re.findall(pinned, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_lock_file_of_the_demo_has_the_versions_of_the_other_and_no_package_of_an_extra() -> (
    None
):
    demo, everything = locked("requirements.lock"), locked("requirements-dev.lock")
    assert demo.items() <= everything.items()
    extras = PROJECT["optional-dependencies"]
    for extra in extras.keys() - {"demo"}:
        names = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in extras[extra]}
        assert names <= everything.keys(), extra
        assert not names & demo.keys(), extra


@pytest.mark.parametrize("package", ["engine", "notifications", "api", "client/countersign"])
def test_each_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
