"""GnuPG for tests: in a home of its own, short enough for the names of its sockets."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest


class Gnupg:
    """Runs gpg in one home.

    Args:
        home: Its folder.
        now: The time that it believes in, for keys that a test's own clock dated.
    """

    def __init__(self, home: Path, now: datetime | None = None) -> None:
        self.home = home
        self.options = [f"--faked-system-time={now:%Y%m%dT%H%M%S}"] if now is not None else []
        self.environment = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C"}

    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run gpg, which starts no agent; its status lines are on its standard output."""
        options = ["--batch", "--no-autostart", "--status-fd", "1", *self.options]
        command = ["gpg", *options, *arguments]
        return subprocess.run(
            command,
            input=given,
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            check=False,
        )

    def accepts(self, certificate: str, signature: str, content: bytes) -> bool:
        """Whether it imports the certificate and accepts the detached signature."""
        assert self.run("--import", given=certificate.encode()).returncode == 0
        (self.home / "content.asc").write_text(signature)
        verified = self.run("--verify", str(self.home / "content.asc"), "-", given=content)
        return verified.returncode == 0 and b"VALIDSIG" in verified.stdout

    def keys(self, certificate: str) -> list[list[str]]:
        """The colon-separated fields that gpg lists of an imported certificate, line by line."""
        self.run("--import", given=certificate.encode())
        listed = self.run("--with-colons", "--list-keys").stdout.decode()
        return [line.split(":") for line in listed.splitlines()]


@contextmanager
def gnupg(now: datetime | None = None) -> Iterator[Gnupg]:
    """A GnuPG without keys; skips the test where it is not installed."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    try:
        yield Gnupg(home, now)
    finally:
        shutil.rmtree(home)
