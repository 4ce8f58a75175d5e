"""Checks that the mail server accepts mail, by sending one."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from api.config.settings import Settings
from api.config.settings_warnings import NO_MAIL
from api.doctor.report import CheckResult, failed, passed, skipped, warned
from api.runtime.channels import mail_channel
from notifications.channels.base import Undelivered
from notifications.channels.mail_folder import folder_of
from notifications.channels.mime import Mail, sender_of
from notifications.channels.smtp import Server

NAME = "mail"
#: Seconds for everything, from the connection to the answer.
_TIMEOUT = 15.0
_SUBJECT = "Test mail of Countersign"
_TEXT = """\
This is a test mail that `countersign doctor` sent from {host}.

Somebody who looks after this installation asked whether its mail arrives. It does.
There is nothing to do.
"""
_NOBODY = "There is nobody to send a test mail to: run `countersign init`, or give --mail-to."
_OTHERWISE = "Ask whoever looks after the mail server what this answer means."
_WRONG_TLS = (
    "The server does not offer what COUNTERSIGN_SMTP_URL asks for: look at ?tls= (starttls, tls or"
    " none), at the port, and whether it lets users sign in there."
)
_NO_TLS = (
    "TLS cannot be spoken with this server: look at ?tls= and the port in COUNTERSIGN_SMTP_URL, and"
    " at the server's certificate."
)
_NOT_ASCII = "The server takes addresses in ASCII only: try another one with --mail-to."
_UNWRITABLE = "Let COUNTERSIGN_SMTP_URL name a folder that this user can write to, as log:FOLDER."
_UNREACHABLE = (
    "Look at host and port in COUNTERSIGN_SMTP_URL, and whether a firewall is in between."
)
#: By the server's own code, which says more than the command that it answers (RFC 3207, RFC 4954).
_ADVICE_BY_CODE = {
    530: "The server wants TLS, or a user and a password, before it takes mail: look at ?tls= and"
    " at the user in COUNTERSIGN_SMTP_URL.",
}
#: What causes a failure, and what to do about it. The first that fits is reported.
_ADVICE: tuple[tuple[type[BaseException], str], ...] = (
    (SMTPAuthenticationError, "Look at the user and the password in COUNTERSIGN_SMTP_URL."),
    (SMTPNotSupported, _NOT_ASCII),
    (SMTPSenderRefused, "The server does not let us send as COUNTERSIGN_MAIL_FROM."),
    (SMTPRecipientsRefused, "The server does not take mail for this address: try --mail-to."),
    (ssl.SSLError, _NO_TLS),
    (SMTPConnectError, _UNREACHABLE),
    (OSError, _UNREACHABLE),
    (SMTPResponseException, _OTHERWISE),
    # The library raises its base class where an extension is missing.
    (SMTPException, _WRONG_TLS),
)


def check_mail(settings: Settings, address: str | None) -> CheckResult:
    """Submit a test mail, and report what the server answered."""
    if address is None:
        return skipped(NAME, _NOBODY)
    folder = folder_of(settings.smtp_url.get_secret_value())
    where = _server(settings) if folder is None else f"The folder {folder}"
    try:
        answer = asyncio.run(_submit(settings, address))
    except Undelivered as error:
        said = str(error).rstrip(".")
        message = f"{where} did not take a test mail to {address}: {said}."
        advice = _advice(error) if folder is None else _UNWRITABLE
        return failed(NAME, message, advice)
    except ValueError as error:
        return failed(NAME, f"{address} is no address for mail: {error}.", "Give another one.")
    if folder is not None:
        advice = NO_MAIL.format(address=settings.mail_page_address)
        return warned(NAME, f"{where} took a test mail to {address}.", advice)
    return passed(NAME, f"{where} took a test mail to {address}: {answer}")


def _server(settings: Settings) -> str:
    server = Server.of(settings.smtp_url.get_secret_value())
    return f"The server at {server.host}, port {server.port}"


async def _submit(settings: Settings, address: str) -> str:
    channel = mail_channel(settings, timeout_seconds=_TIMEOUT)
    try:
        return await channel.submit(Mail(address, _test_mail(settings.mail_from, address)))
    finally:
        await channel.close()


def _test_mail(mail_from: str, address: str) -> bytes:
    sender = sender_of(mail_from)
    mail = EmailMessage(policy=SMTP.clone(utf8=not address.isascii()))
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = _SUBJECT
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=sender.domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_TEXT.format(host=sender.domain))
    return mail.as_bytes()


def _advice(error: BaseException) -> str:
    """Return advice by the cause of a failure, however deep it is."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    for cause in causes:
        if (advice := _ADVICE_BY_CODE.get(getattr(cause, "code", 0))) is not None:
            return advice
    for kind, advice in _ADVICE:
        if any(isinstance(cause, kind) for cause in causes):
            return advice
    return _OTHERWISE
