"""The test mail of `countersign doctor`: what each answer of a server comes to."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from anyio.to_thread import run_sync
from pydantic import SecretStr

from api.doctor.mail_check import check_mail
from api.doctor.report import (
    CheckResult,
    Verdict,
    as_lines,
    is_healthy,
)
from tests.api.test_app import settings
from tests.support.faulty_smtp_server import CLOSE, unruly
from tests.support.smtp_server import smtp_server

UNUSED = "sqlite:///unused.db"
TO = "ada@example.com"


async def mail(url: str, address: str | None = TO) -> CheckResult:
    return await run_sync(partial(check_mail, settings(UNUSED, smtp_url=SecretStr(url)), address))


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


@pytest.mark.anyio
async def test_a_folder_in_place_of_a_server_takes_the_mail_and_is_warned_of(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mails"
    result = await mail(f"log:{folder}")
    assert result.verdict is Verdict.WARNING
    assert is_healthy([result])
    assert result.message == f"The folder {folder} took a test mail to {TO}."
    assert "No mail leaves this machine" in result.advice
    assert "http://127.0.0.1:8025/" in result.advice
    assert as_lines([result], "ascii").startswith("[warning] mail: ")
    (file,) = folder.iterdir()
    assert b"Subject: Test mail of Countersign" in file.read_bytes()


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_written_to_fails(tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("a file")
    result = await mail(f"log:{tmp_path / 'mails'}")
    assert result.verdict is Verdict.FAILED
    assert "did not take a test mail" in result.message
    assert "log:FOLDER" in result.advice
