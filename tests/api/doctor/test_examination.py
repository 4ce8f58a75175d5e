"""`countersign doctor` sees what is wrong with an installation, and says what to do about it."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from api.config.settings import Settings
from api.doctor.examination import examine
from api.doctor.public_url_check import check_public_url
from api.doctor.report import (
    Verdict,
    as_json,
    as_lines,
    failed,
    is_healthy,
    passed,
    skipped,
)
from api.doctor.signer_checks import check_signer
from engine.signers.base import SignerContext, SignerFailed
from engine.signers.keyring import Keyring
from engine.signers.local import LocalSigner
from tests.api.test_app import settings
from tests.support.running import init, run
from tests.support.running import settings as environment_of
from tests.support.smtp_server import smtp_server

TO = "ada@example.com"


def configured(url: str = "sqlite:///nowhere.db", **more: Any) -> Settings:
    return settings(url, **{"public_url": "http://127.0.0.1:8000"} | more)


@contextmanager
def website(status: int, body: bytes) -> Iterator[str]:
    """Something that answers the same to everybody."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b'{"status": "ok"}', Verdict.PASSED),
        (200, b"<h1>Welcome to nginx</h1>", Verdict.FAILED),
        (200, b"[]", Verdict.FAILED),
        (302, b'{"status": "ok"}', Verdict.FAILED),
        (502, b"", Verdict.FAILED),
    ],
)
def test_the_public_url_has_to_lead_here(status: int, body: bytes, verdict: Verdict) -> None:
    with website(status, body) as url:
        assert check_public_url(f"{url}/").verdict is verdict


def test_a_public_url_where_nobody_answers_is_told_with_what_to_do() -> None:
    result = check_public_url("http://127.0.0.1:1")
    assert result.verdict is Verdict.FAILED
    assert result.message.startswith("Nobody answers at http://127.0.0.1:1/healthz (")
    assert "countersign serve" in result.advice


def test_a_signer_tells_its_own_health_where_it_can() -> None:
    class Hsm(LocalSigner):
        name = "hsm"
        capabilities = replace(LocalSigner.capabilities, checks_health=True)
        fault: str | None = None

        def health(self) -> None:
            if self.fault is not None:
                raise SignerFailed(self.fault)

    context = SignerContext(Keyring([bytes(range(32))]), {})
    signer = Hsm(context)
    assert check_signer(signer) == passed("signer hsm", "It is ready to sign.")
    signer.fault = "The token countersign is not there."
    result = check_signer(signer)
    assert (result.verdict, result.message) == (Verdict.FAILED, signer.fault)
    assert check_signer(LocalSigner(context)) == passed("signer local", "It is configured.")


def test_reports_are_lines_in_signs_that_the_terminal_has_or_json() -> None:
    results = [passed("a", "Well."), failed("b", "Not\nwell.", "Mend it."), skipped("c", "No.")]
    assert as_lines(results, "utf-8") == "✓ a: Well.\n✗ b: Not well. Mend it.\n- c: No."
    assert as_lines(results, "ascii").startswith("[ok] a: Well.\n[failed] b: ")
    assert as_lines(results, None).startswith("[ok]")
    report = json.loads(as_json(results))
    assert report["healthy"] is False
    assert report["checks"][1] == {
        "name": "b",
        "verdict": "FAILED",
        "message": "Not\nwell.",
        "advice": "Mend it.",
    }
    assert is_healthy([results[0], results[2]])


def test_without_a_database_the_rest_is_looked_at_all_the_same(tmp_path: Path) -> None:
    environment = configured(f"sqlite:///{tmp_path / 'none.db'}")
    seen = {result.name: result for result in examine(environment, public_url=False)}
    assert seen["database"].verdict is Verdict.FAILED
    assert "countersign init" in seen["database"].advice
    for name in ("database writes", "clock", "master key", "mail", "public URL answers"):
        assert seen[name].verdict is Verdict.SKIPPED
    assert seen["signer local"].verdict is Verdict.PASSED
    assert seen["channels"].verdict is Verdict.PASSED


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://u:s3cr3t-password@127.0.0.1:1/db"
    results = list(examine(configured(url), public_url=False))
    (of_it,) = [result for result in results if result.name == "database"]
    assert of_it.verdict is Verdict.FAILED
    assert "does not answer" in of_it.message
    assert "s3cr3t" not in str(results)


@pytest.mark.long
@pytest.mark.anyio
async def test_the_command_says_all_in_lines_and_exits_by_what_it_saw(tmp_path: Path) -> None:
    environment = environment_of(f"sqlite:///{tmp_path / 'countersign.db'}")
    await run_sync(init, environment, tmp_path)
    doctor = partial(run, succeeds=False)
    async with smtp_server() as inbox:
        environment["COUNTERSIGN_SMTP_URL"] = inbox.url
        words = ("doctor", "--no-public-url")
        well = await run_sync(partial(doctor, environment, tmp_path, *words))
        assert well.returncode == 0, well.stdout + well.stderr
        assert [recipient for recipient, _ in inbox.mails] == ["admin@example.com"]
        assert "✗" not in well.stdout
        lines = well.stdout.splitlines()
        assert len(lines) == len([line for line in lines if line[0] in "✓-"])

        (tmp_path / "countersign.db").chmod(0o644)
        environment["COUNTERSIGN_PUBLIC_URL"] = "http://countersign.example.com"
        (tmp_path / "master").write_text(environment.pop("COUNTERSIGN_MASTER_KEY"))
        (tmp_path / "master").chmod(0o644)
        environment["COUNTERSIGN_MASTER_KEY_FILE"] = "master"
        words = ("doctor", "--no-public-url", "--json", "--mail-to", TO)
        unwell = await run_sync(partial(doctor, environment, tmp_path, *words))
    assert unwell.returncode == 1
    assert [recipient for recipient, _ in inbox.mails][1:] == [TO]
    report = json.loads(unwell.stdout)
    crosses = [check["name"] for check in report["checks"] if check["verdict"] == "FAILED"]
    assert crosses == ["secret files", "database file", "public URL is safe"]
    for name in ("SECRET_KEY", "MASTER_KEY"):
        assert environment.get(f"COUNTERSIGN_{name}", "-") not in unwell.stdout.split('"')


def test_settings_that_are_wrong_are_each_a_cross(tmp_path: Path) -> None:
    environment = environment_of(f"sqlite:///{tmp_path / 'countersign.db'}")
    weak = base64.b64encode(bytes(32)).decode()
    environment |= {"COUNTERSIGN_MASTER_KEY": weak, "COUNTERSIGN_POOL_SIZE": "many"}
    done = run(environment, tmp_path, "doctor", succeeds=False)
    assert done.returncode == 1
    assert [line.split(" ")[:3] for line in done.stdout.splitlines()] == [
        ["✗", "settings:", "COUNTERSIGN_MASTER_KEY"],
        ["✗", "settings:", "COUNTERSIGN_POOL_SIZE"],
    ]
    assert weak not in done.stdout + done.stderr
