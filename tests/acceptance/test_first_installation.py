"""The first installation, from the wheels to a signature that OpenSSL verifies, in six steps."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from api.demo.browser import Person
from tests.acceptance.test_wheel import BIN, ROOT, call, wheels
from tests.support.running import free_port

__all__ = ["wheels"]

pytestmark = pytest.mark.long

LEAD = "lea@example.com"


@contextmanager
def running(words: list[str | Path], url: str, folder: Path, env: dict[str, str]) -> Iterator[None]:
    """A process that answers at an address, until the block ends."""
    process = subprocess.Popen(words, cwd=folder, env=env)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                with urlopen(url, timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def copied(text: str) -> list[list[str]]:
    """The commands of each step: what stands indented below it."""
    parts = re.split(r"^\d\. .*$", text, flags=re.MULTILINE)
    return [
        [line.strip() for line in part.splitlines() if line.startswith("    ")] for part in parts
    ]


@pytest.mark.timeout(300)
def test_six_steps_lead_to_a_signature(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    port, page, smtp = free_port(), free_port(), free_port()
    url, mails = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{page}"
    here = tmp_path / "installation"
    here.mkdir()
    env = {"PATH": f"{here}/venv/bin:/usr/bin:/bin", "HOME": str(tmp_path)}

    # 1. Install the wheels.
    call(BIN / "uv", "venv", "--quiet", "--python", sys.executable, here / "venv", cwd=here)
    python = here / "venv" / "bin" / "python"
    install = (BIN / "uv", "pip", "install", "--quiet", "--python", python)
    call(*install, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=here)
    call(*install, "--no-deps", *wheels, cwd=here)
    countersign = here / "venv" / "bin" / "countersign"

    mailbox = [countersign, "mailbox", "--port", str(page), "--smtp-port", str(smtp)]
    with running(mailbox, mails, here, env):
        # 2. Settings, account and administrator.
        words = ["--account", "Acme", "--admin-email", "ada@example.com", "--public-url", url]
        server = f"smtp://127.0.0.1:{smtp}?tls=none"
        output = call(countersign, "init", *words, "--mail-server", server, cwd=here, env=env)
        assert f"Next: countersign serve --port {port}\n" in output
        secrets = re.findall(r"KEY='(.+)'", (here / ".env").read_text())
        assert len(secrets) == 2
        assert not any(secret in output for secret in secrets)
        # 3. Serve, as it says.
        serve = output.partition("Next: countersign ")[2].splitlines()[0].split()
        with running([countersign, *serve], f"{url}/readyz", here, env):
            # 4. Everything has a tick.
            looked = call(countersign, "doctor", cwd=here, env=env)
            assert all(line.startswith("✓ ") for line in looked.splitlines()), looked
            assert "took a test mail to ada@example.com" in looked
            # 5. What a first signature needs.
            guide = call(countersign, "first-signature", "--approver", LEAD, cwd=here, env=env)
            authorization = (here / "first-signature" / "authorization").read_text()
            token = authorization.split()[-1]
            assert token.startswith("csn_")
            assert token not in guide
            # 6. Copy the commands.
            verified = follow(guide, here, env, Person(url, mails, LEAD, ""))
    assert verified == "Verified OK\n"


def follow(guide: str, folder: Path, env: dict[str, str], lead: Person) -> str:
    """Run the commands one after the other, and approve in between."""
    (change,), request, approve, sign, verify = copied(guide)
    assert approve == []

    def run(commands: list[str]) -> str:
        script = "\n".join([change, *commands])
        return call("bash", "-euo", "pipefail", "-c", script, cwd=folder, env=env)

    assert '"status":"PENDING"' in run(request)
    assert "OUTSIDE_WINDOW" in run(sign[:1])
    assert "approved" in lead.decide(lead.mail_with_link(), "APPROVE", "As planned.").casefold()
    assert '"signaturesLeft":2' in run(sign)
    return run(verify)
