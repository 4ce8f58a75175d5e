"""The image, as far as it can be tried without a container engine: each of its steps is run."""

from __future__ import annotations

import json
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.image import NOBODY, ROOT, Image, build, context, stages
from tests.support.running import free_port

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
INIT = (
    "init",
    *("--account", "Acme", "--admin-email", "admin@example.com"),
    *("--public-url", "http://127.0.0.1:8000", "--mail-server", "log:"),
)


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="countersign-image-"))
    folder.chmod(0o755)
    try:
        yield build(folder)
    finally:
        shutil.rmtree(folder)


def contents(image: Image) -> dict[str, tuple[int, int]]:
    """Every file of the image, outside of what its user may write to."""
    folders = {str(image.folder), str(image.root / "database-access")}
    return {
        str(file): (file.stat().st_mtime_ns, file.stat().st_size)
        for file in image.root.rglob("*")
        if file.is_file() and not any(str(file).startswith(folder) for folder in folders)
    }


def test_it_has_two_stages_of_one_base() -> None:
    first, last = stages(DOCKERFILE)
    assert first.base == last.base == "python:${PYTHON_VERSION}-slim"
    assert (first.name, last.name) == ("build", "")


def test_whatever_is_fetched_is_checked_against_the_lock_files_hashes() -> None:
    for stage in stages(DOCKERFILE):
        installs = re.findall(r"-m pip (?:install|wheel)[^&]*", " && ".join(stage.values("RUN")))
        assert len(installs) == 2
        for install in installs:
            assert "--require-hashes" in install or "--no-index" in install


def test_its_user_is_unprivileged_by_number_and_its_shell_is_none() -> None:
    _, last = stages(DOCKERFILE)
    assert last.values("USER") == ["10001:10001"]
    (command,) = (value for value in last.values("RUN") if "useradd" in value)
    assert "--uid 10001" in command
    assert "--no-create-home" in command
    assert "nologin" in command
    # Nothing is installed, and nothing is copied, after the user was changed.
    names = [name for name, _ in last.instructions]
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])


def test_the_builder_gets_what_the_wheel_is_made_of_and_no_secrets() -> None:
    names = context((ROOT / ".dockerignore").read_text("utf-8"))
    assert all((ROOT / name).exists() for name in names)
    assert {"api", "client", "engine", "notifications", "pyproject.toml"} <= set(names)
    assert "requirements.lock" in names
    assert not {".env", ".git", ".venv"} & set(names)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_it_serves_as_nobody_without_a_home_and_writes_to_its_folder_alone(image: Image) -> None:
    before = contents(image)
    init = image.countersign(*INIT)
    assert init.returncode == 0, init.stderr
    assert stat.S_IMODE((image.folder / ".env").stat().st_mode) == 0o600

    port, page = str(free_port()), f"127.0.0.1:{free_port()}"
    command = [port if word == "8000" else word for word in image.stage.words("CMD")]
    command = ["127.0.0.1" if word == "0.0.0.0" else word for word in command]
    check = health_check(image, port)
    assert image.run(*check).returncode != 0
    process = image.popen(*command, COUNTERSIGN_MAIL_PAGE_ADDRESS=page)
    try:
        deadline = time.monotonic() + 60
        while image.run(*check).returncode != 0:
            assert process.poll() is None
            assert time.monotonic() < deadline
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert contents(image) == before
    if NOBODY is not None:
        assert {file.stat().st_uid for file in image.folder.rglob("*")} == {NOBODY.pw_uid}


def health_check(image: Image, port: str) -> list[str]:
    """The image's own, asking another port."""
    (value,) = image.stage.values("HEALTHCHECK")
    words = value.partition("CMD ")[2]
    assert "127.0.0.1:8000/readyz" in words
    parsed: list[str] = json.loads(words.replace(":8000/", f":{port}/"))
    return parsed
