"""SoftHSM for tests: where its library is, and new tokens."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.signers.base import Signer, SignerContext
from engine.signers.keyring import Keyring
from engine.signers.pkcs11.signer import Pkcs11Signer

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


def finalize_library(module: str) -> None:
    """Let go of the tokens in this process: at its next use the library reads `SOFTHSM2_CONF`."""
    library = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed").lib(module)
    if library.initialized:
        library.finalize()


def token_settings(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings with a fresh token, which is there until the patch ends; skips without SoftHSM."""
    module = softhsm_module()
    if module is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    finalize_library(module)
    (folder / "hsm").mkdir()
    patch.setenv("SOFTHSM2_CONF", configure_softhsm(folder / "hsm"))
    add_token("countersign", "2468-1357")
    return {
        "COUNTERSIGN_PKCS11_MODULE": module,
        "COUNTERSIGN_PKCS11_TOKEN": "countersign",
        "COUNTERSIGN_PKCS11_PIN": "2468-1357",
    }


@contextmanager
def softhsm_signer(home: Path) -> Iterator[Signer]:
    """A signer whose keys are in a fresh token; skips the test where SoftHSM is not installed."""
    module = softhsm_module()
    if module is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    finalize_library(module)
    home.joinpath("softhsm").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", configure_softhsm(home / "softhsm"))
        add_token("matrix", "2468-1357")
        names = {"pkcs11_module": module, "pkcs11_token": "matrix", "pkcs11_pin": "2468-1357"}
        (signer,) = Pkcs11Signer.from_context(SignerContext(Keyring([bytes(32)]), names))
        yield signer
        finalize_library(module)
