"""OpenSSH's own verification of signatures, for tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PRINCIPAL = "releases@example.com"


def ssh_accepts(
    folder: Path, public_line: str, signature: str, content: bytes, namespace: str
) -> bool:
    """Whether `ssh-keygen -Y verify` accepts a signature of this key.

    Args:
        folder: An existing folder for its files.
        public_line: The public key as a line of OpenSSH.
        signature: The armored signature.
        content: What was signed.
        namespace: What the signature has to be good for.
    """
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    (folder / "allowed_signers").write_text(f"{PRINCIPAL} {public_line}")
    (folder / "signature").write_text(signature)
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-s", "signature"]
    done = subprocess.run(
        [*command, "-I", PRINCIPAL, "-n", namespace],
        cwd=folder,
        input=content,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0 and b"Good" in done.stdout
