"""What `countersign init` has to know: from options, and for the rest by asking for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from pydantic import SecretStr

from api.cli.first_settings import mail_url
from api.runtime.startup_checks import NotReadyError
from notifications.channels.mail_folder import folder_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What an operator says about the installation; None for what was not said."""

    account: str | None
    admin_email: str | None
    admin_name: str | None
    public_url: str | None
    mail_server: str | None
    mail_user: str | None
    mail_password: SecretStr | None
    mail_from: str | None

    def smtp_url(self, file: Path) -> str | None:
        """Return `smtp_url` for the settings in `file`; None where no mail server was named."""
        if self.mail_server is None:
            return None
        password = self.mail_password.get_secret_value() if self.mail_password else None
        return mail_url(self.mail_server, self.mail_user, password, file)


def password_in(file: Path | None) -> SecretStr | None:
    """Return the password that a file contains; None without a file.

    Raises:
        NotReadyError: The file cannot be read.
    """
    if file is None:
        return None
    try:
        return SecretStr(file.read_text("utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadyError(f"{file} cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class _Question:
    """A question that is put where neither an option nor a setting has the answer."""

    field: str
    text: str
    #: The setting that it is for; None for what belongs to the account.
    setting: str | None = None
    default: str | None = None


_QUESTIONS = (
    _Question("account", "Name of the account, such as your company's"),
    _Question("admin_email", "Address of the administrator"),
    _Question(
        "public_url", "Where people reach this service", "public_url", "http://127.0.0.1:8000"
    ),
    _Question(
        "mail_server",
        "Mail server, as smtp://host:port?tls=starttls, or log: to keep all mails in a folder",
        "smtp_url",
    ),
)


def is_terminal() -> bool:
    """Return whether somebody sits at a terminal who can answer questions."""
    return sys.stdin.isatty()


def complete(answers: Answers, missing: Sequence[str]) -> Answers:
    """Return the answers with those that are still needed, by asking for them.

    Args:
        answers: What the options say.
        missing: The settings that have no value yet.

    Raises:
        NotReadyError: There is nobody to ask.
    """
    needed = [
        question
        for question in _QUESTIONS
        if getattr(answers, question.field) is None
        and (question.setting is None or question.setting in missing)
    ]
    if needed and not is_terminal():
        options = ", ".join(f"--{question.field.replace('_', '-')}" for question in needed)
        raise NotReadyError(f"There is nobody to ask here: give {options}.")
    for question in needed:
        answer = typer.prompt(question.text, default=question.default, err=True)
        answers = replace(answers, **{question.field: answer.strip()})
        if question.field == "admin_email" and answers.admin_name is None:
            name = answers.admin_email.partition("@")[0] if answers.admin_email else ""
            answers = replace(
                answers, admin_name=typer.prompt("Their name", default=name, err=True)
            )
        if question.field == "mail_server":
            answers = _with_credentials(answers)
    return answers


def _with_credentials(answers: Answers) -> Answers:
    """Ask for user and password at a mail server; the password is not shown."""
    if answers.mail_user is not None or folder_of(answers.mail_server or "") is not None:
        return answers
    user = typer.prompt("User there, or nothing", default="", show_default=False, err=True)
    if not user:
        return answers
    password = typer.prompt("Password there", hide_input=True, err=True)
    return replace(answers, mail_user=user, mail_password=SecretStr(password))
