"""The dashboard in real browsers: the main job from the request to the signature, and its pages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from api.demo.environment import stage
from api.web.dashboard.built_files import STATIC
from tests.support.built_dashboard import build_dashboard
from tests.support.chromium import CHROMIUM, needs_chromium
from tests.support.node import run_node
from tests.support.private_key_files import pem_of, pkcs12_of
from tests.support.softhsm import add_token, configure_softhsm, softhsm_module

ROOT = Path(__file__).parents[2]
#: Bytes of compressed script that the first page may need.
FIRST_PAGE_BYTES = 200_000

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The dashboard of this checkout, as the package's build makes it."""
    if not build_dashboard():
        pytest.skip("npm could not install what dashboard/package-lock.json pins")


def _run_in_demo(script: str) -> dict[str, Any]:
    """Run a script of tests/node on a demo of its own; returns what it found."""
    with stage() as ready:
        arguments = (ready.url, ready.mailbox_url, json.dumps(ready.cast.tokens))
        report: dict[str, Any] = json.loads(run_node(script, str(CHROMIUM), *arguments))
    return report


@needs_chromium
def test_three_people_do_the_main_job() -> None:
    report = _run_in_demo("dashboard-job.mjs")
    assert report["found"] == []
    assert report["blocked"] == []


@needs_chromium
def test_the_main_job_takes_no_mouse() -> None:
    """The focus is seen wherever it goes, goes in the page's order, and comes back."""
    report = _run_in_demo("dashboard-keyboard.mjs")
    assert report["faults"] == []
    assert report["blocked"] == []


@needs_chromium
def test_the_main_job_is_told_in_german() -> None:
    """No text of a page or of a mail is English, apart from the sentences of refusals."""
    report = _run_in_demo("dashboard-german.mjs")
    assert report["faults"] == []


def test_the_first_page_is_small() -> None:
    """What the page names and what it imports at once, and the home page."""
    needed, seen = ["index-", "home-page-"], set()
    files = {path.name: path for path in (STATIC / "assets").glob("*.js")}
    queue = [name for name in files if name.startswith(tuple(needed))]
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        code = files[name].read_text("utf-8")
        queue += [other for other in files if f'from"./{other}"' in code]
    size = sum((STATIC / "assets" / f"{name}.br").stat().st_size for name in seen)
    assert len(seen) > 2
    assert size <= FIRST_PAGE_BYTES


def test_where_npm_cannot_be_reached_the_build_says_so(tmp_path: Path) -> None:
    for name in ("dashboard", "api/graphql"):
        others = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=others)
    nowhere = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "dashboard/hatch_build.py"],
        cwd=tmp_path,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "The dashboard was not built: npm could not install what it needs" in done.stderr
    assert "The API, the mails and their pages work without." in done.stderr
    assert not (tmp_path / "api/web").exists()


@needs_chromium
def test_an_administrator_adds_and_edits_what_there_is(tmp_path: Path) -> None:
    """Keypairs from a signer, a file and an HSM, a team of more than 100, people and issuers."""
    files = administered_files(tmp_path)
    with pytest.MonkeyPatch.context() as environment:
        files["label"] = add_key_to_hsm(tmp_path, environment)
        with stage() as ready:
            tokens = json.dumps(ready.cast.tokens)
            arguments = (ready.url, ready.mailbox_url, tokens, json.dumps(files))
            script = "dashboard-administration.mjs"
            report = json.loads(run_node(script, str(CHROMIUM), *arguments))
    assert report["found"] == []
    assert report["blocked"] == []


def administered_files(folder: Path) -> dict[str, str]:
    """Two files with private keys, and the passphrase of the first."""
    container, pem, passphrase = folder / "key.p12", folder / "key.pem", "correct horse 4711"
    container.write_bytes(pkcs12_of(ed25519.Ed25519PrivateKey.generate(), passphrase.encode()))
    pem.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
    return {"container": str(container), "pem": str(pem), "passphrase": passphrase}


def add_key_to_hsm(home: Path, environment: pytest.MonkeyPatch) -> str:
    """Put a key into a new token, which is in the settings of servers then; returns its label."""
    module = softhsm_module()
    if module is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    token, pin, label, file = "administered", "2468-1357", "release 2019", home / "hsm.pem"
    environment.setenv("SOFTHSM2_CONF", configure_softhsm(home))
    add_token(token, pin)
    file.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
    key = ["--import", str(file), "--label", label, "--id", "19"]
    command = ["softhsm2-util", "--token", token, "--pin", pin, *key]
    subprocess.run(command, check=True, capture_output=True)
    values = {"MODULE": module, "TOKEN": token, "PIN": pin}
    for name, value in values.items():
        environment.setenv(f"COUNTERSIGN_PKCS11_{name}", value)
    return label
