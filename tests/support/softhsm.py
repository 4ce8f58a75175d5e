"""SoftHSM for tests: where its library is, and new tokens."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")


def softhsm_module() -> str | None:
    """The path of its library; None where it is not installed."""
    if shutil.which("softhsm2-util") is None:
        return None
    return next((path for path in MODULES if Path(path).exists()), None)


def configure_softhsm(home: Path) -> str:
    """A configuration with no token yet; answers the value for `SOFTHSM2_CONF`."""
    (home / "tokens").mkdir()
    configuration = home / "conf"
    configuration.write_text(f"directories.tokendir = {home}/tokens\nlog.level = ERROR\n")
    return str(configuration)


def add_token(label: str, pin: str) -> None:
    """A fresh token; `SOFTHSM2_CONF` is set."""
    new_token = ["--init-token", "--free", "--label", label, "--so-pin", "9999", "--pin", pin]
    subprocess.run(["softhsm2-util", *new_token], check=True, capture_output=True)
