"""`countersign doctor` sees what is wrong with an installation, and says what to do about it."""

from __future__ import annotations

import base64
import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from anyio.to_thread import run_sync
from pydantic import SecretStr

from api.doctor import database_checks
from api.doctor.examination import examine
from api.doctor.mail_check import check_mail
from api.doctor.public_url_check import check_public_url
from api.doctor.report import (
    CheckResult,
    Verdict,
    as_json,
    as_lines,
    failed,
    is_healthy,
    passed,
    skipped,
)
from api.doctor.signer_checks import check_signer
from api.settings import Settings
from engine.commands.remember_master_key import remember_master_key
from engine.keyring import Keyring
from engine.persistence import tables as t
from engine.persistence.clock import DatabaseClock
from engine.persistence.database import Database
from engine.signers.base import SignerFailed
from tests.api.test_app import settings
from tests.notifications.smtp_server import smtp_server
from tests.notifications.unruly_server import CLOSE, unruly
from tests.support.full_disk import full_disk
from tests.support.running import init, run
from tests.support.running import settings as environment_of
from tests.support.world import World

TO = "ada@example.com"


def configured(url: str = "sqlite:///nowhere.db", **more: Any) -> Settings:
    return settings(url, **{"public_url": "http://127.0.0.1:8000"} | more)


def of_smtp(url: str) -> Settings:
    return configured(smtp_url=SecretStr(url))


async def mail(url: str, address: str | None = TO) -> CheckResult:
    return await run_sync(partial(check_mail, of_smtp(url), address))


# --- mail -------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_test_mail_is_handed_in_and_the_answer_told() -> None:
    async with smtp_server() as inbox:
        result = await mail(inbox.url)
    assert (result.verdict, result.advice) == (Verdict.PASSED, "")
    expected = f"The server at 127.0.0.1, port {inbox.port} took a test mail to {TO}: OK"
    assert result.message == expected
    ((recipient, sent),) = inbox.mails
    assert recipient == sent["To"] == TO
    assert sent["From"] == "Countersign <countersign@example.com>"
    assert sent["Subject"] == "Test mail of Countersign"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"].endswith("@example.com>")
    assert "`countersign doctor`" in sent.get_content()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("moment", "reply", "said", "advice"),
    [
        ("greeting", "554 go away", "go away", "Look at host and port"),
        ("greeting", CLOSE, "", "Look at host and port"),
        ("MAIL", "550 not as you", "550 not as you", "as COUNTERSIGN_MAIL_FROM"),
        (
            "MAIL",
            "530 5.7.0 Must issue a STARTTLS command first",
            "STARTTLS",
            "The server wants TLS",
        ),
        ("RCPT", "550 no such user", "550 no such user", "try --mail-to"),
        ("RCPT", "451 later", "451 later", "try --mail-to"),
        ("end", "554 looks like spam", "554 looks like spam", "Ask whoever looks after"),
    ],
)
async def test_what_the_server_refuses_is_told_in_its_words_with_what_to_do(
    moment: str, reply: str, said: str, advice: str
) -> None:
    async with unruly(
        moment,
        reply,
    ) as server:
        server.victim = TO
        result = await mail(server.url)
    assert result.verdict is Verdict.FAILED
    assert f"did not take a test mail to {TO}" in result.message
    assert said in result.message
    assert advice in result.advice


@pytest.mark.anyio
async def test_causes_of_a_failed_connection_are_told_apart() -> None:
    nobody = await mail("smtp://127.0.0.1:1?tls=none")
    assert "Connect call failed" in nobody.message
    assert "firewall" in nobody.advice
    async with smtp_server() as inbox:
        plain = f"smtp://127.0.0.1:{inbox.port}"
        starttls = await mail(f"{plain}?tls=starttls")
        implicit = await mail(f"{plain}?tls=tls")
        no_login = await mail(f"smtp://u:s3cr3t-password@127.0.0.1:{inbox.port}?tls=none")
    assert "look at ?tls=" in starttls.advice
    assert "TLS cannot be spoken" in implicit.advice
    assert "look at ?tls=" in no_login.advice
    assert inbox.mails == []

    def authenticate(*_: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    options = {"authenticator": authenticate, "auth_require_tls": False}
    async with smtp_server(**options) as inbox:
        wrong = await mail(f"smtp://u:s3cr3t-password@127.0.0.1:{inbox.port}?tls=none")
    assert "535" in wrong.message
    assert wrong.advice == "Look at the user and the password in COUNTERSIGN_SMTP_URL."
    for result in (nobody, starttls, implicit, no_login, wrong):
        assert result.verdict is Verdict.FAILED
        assert "s3cr3t" not in str(result)


@pytest.mark.anyio
async def test_without_anybody_no_mail_is_sent() -> None:
    async with smtp_server() as inbox:
        result = await mail(inbox.url, None)
    assert result.verdict is Verdict.SKIPPED
    assert "--mail-to" in result.message
    assert inbox.connections == 0


# --- the database -----------------------------------------------------------------------


def of_database(database: Database, keyring: Keyring) -> dict[str, CheckResult]:
    return {result.name: result for result in database_checks.check_database(database, keyring)}


def test_a_database_that_is_well(world: World) -> None:
    database, key = world.system.database, os.urandom(32)
    keyring = Keyring([key])
    database_keys(database, keyring)
    seen = of_database(database, keyring)
    assert {name: result.verdict for name, result in seen.items()} == {
        "database writes": Verdict.PASSED,
        "clock": Verdict.PASSED,
        "master key": Verdict.PASSED,
    }
    number = len([row for row in world.snapshot()["keypairs"] if row])
    expected = f"{keyring.sealing_key_id} seals. Sealed are {number} keypairs under"
    assert seen["master key"].message.startswith(expected)
    assert database_checks.first_administrator(database) == "admin@example.com"
    assert database_checks.backends_in_use(database) == {"local": number}


def database_keys(database: Database, keyring: Keyring) -> None:
    """Have all keypairs sealed under this key, as far as rows tell."""
    k, c = t.keypairs, t.key_checks
    with database.writing() as connection:
        connection.execute(k.update().values(master_key_id=keyring.sealing_key_id))
        connection.execute(c.delete())
        connection.commit()
    remember_master_key(database, keyring)


def test_keypairs_under_a_key_that_is_not_configured_are_counted(world: World) -> None:
    old, new = os.urandom(32), os.urandom(32)
    database = world.system.database
    database_keys(database, Keyring([old]))
    both = of_database(database, Keyring([new, old]))["master key"]
    assert both.verdict is Verdict.PASSED
    assert both.message.startswith(f"{Keyring([new]).sealing_key_id} seals.")

    result = of_database(database, Keyring([new]))["master key"]
    number = database_checks.backends_in_use(database)["local"]
    missing = f"{number} keypairs under {Keyring([old]).sealing_key_id}"
    assert result.verdict is Verdict.FAILED
    assert result.message == f"Keys that are not configured sealed {missing}."
    assert "COUNTERSIGN_MASTER_KEY" in result.advice
    with database.writing() as connection:
        connection.execute(t.keypairs.update().values(master_key_id=None))
        connection.commit()
    other = of_database(database, Keyring([new]))["master key"]
    assert other.verdict is Verdict.FAILED
    assert "set up with master key" in other.message


def test_a_database_that_cannot_store_is_a_cross(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = world.system.database
    with full_disk(database), pytest.raises(Exception, match=r"full|disk"):
        world.request()
    result = of_database(database, Keyring([os.urandom(32)]))["database writes"]
    assert result.verdict is Verdict.FAILED
    assert "The disk of the database is full" in result.message


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_clocks_that_differ_are_a_cross(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseClock, "now", lambda *_: world.clock.instant)
    result = of_database(world.system.database, Keyring([os.urandom(32)]))["clock"]
    assert result.verdict is Verdict.FAILED
    assert "ahead of this machine's" in result.message
    assert "NTP" in result.advice


def test_the_first_administrator_is_a_person_who_is_active(world: World) -> None:
    database = world.system.database
    world.add_user("second", "ADMIN")
    u = t.users
    with database.writing() as connection:
        connection.execute(
            u.update().where(u.c.email_key == "admin@example.com").values(active=False)
        )
        connection.commit()
    assert database_checks.first_administrator(database) == "second@example.com"
    with database.writing() as connection:
        connection.execute(
            u.update().where(u.c.email_key == "second@example.com").values(service=True)
        )
        connection.commit()
    assert database_checks.first_administrator(database) is None


# --- the rest ---------------------------------------------------------------------------


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
    class Signer:
        name = "hsm"
        fault: str | None = None

        def health(self) -> None:
            if self.fault is not None:
                raise SignerFailed(self.fault)

    signer: Any = Signer()
    assert check_signer(signer) == passed("signer hsm", "It is ready to sign.")
    signer.fault = "The token countersign is not there."
    result = check_signer(signer)
    assert (result.verdict, result.message) == (Verdict.FAILED, signer.fault)
    assert check_signer(type("Old", (), {"name": "old"})()).verdict is Verdict.PASSED  # type: ignore[arg-type] # an older backend


def test_reports_are_lines_in_signs_that_the_terminal_has_or_json() -> None:
    results = [passed("a", "Well."), failed("b", "Not\nwell.", "Mend it."), skipped("c", "No.")]
    assert as_lines(results, "utf-8") == "✓ a: Well.\n✗ b: Not well. Mend it.\n- c: No."
    assert as_lines(results, "ascii").startswith("[ok] a: Well.\n[failed] b: ")
    assert as_lines(results, None).startswith("[ok]")
    told = json.loads(as_json(results))
    assert told["healthy"] is False
    assert told["checks"][1] == {
        "name": "b",
        "verdict": "FAILED",
        "message": "Not\nwell.",
        "advice": "Mend it.",
    }
    assert is_healthy([results[0], results[2]])


def test_without_a_database_the_rest_is_looked_at_all_the_same(tmp_path: Path) -> None:
    told = configured(f"sqlite:///{tmp_path / 'none.db'}")
    seen = {result.name: result for result in examine(told, public_url=False)}
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


# --- the command ------------------------------------------------------------------------


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
    told = json.loads(unwell.stdout)
    crosses = [check["name"] for check in told["checks"] if check["verdict"] == "FAILED"]
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
