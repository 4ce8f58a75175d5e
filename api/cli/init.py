"""`countersign init`: the first settings, the tables, and an account with its administrator."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from api.cli.first_settings import (
    database_beside,
    fresh_secrets,
    mail_url,
    missing_settings,
    sender_for,
    write_env_file,
)
from api.cli.output import AsJson, print_token
from api.cli.running import load_settings
from api.config.safe_urls import is_safe
from api.config.settings import PREFIX, Settings
from api.config.settings_files import env_file
from api.config.settings_warnings import NO_MAIL
from api.runtime.startup_checks import NotReadyError, open_database
from engine.commands.administration.account import create_account
from engine.commands.credentials.api_tokens import create_token_as_operator
from engine.model.vocabulary import Permission
from engine.persistence.store.migrate import migrate
from notifications.channels.mail_folder import folder_of

_DEFAULT_PORT = 8000


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


def init(
    account: Annotated[str | None, typer.Option(help="The account's name.")] = None,
    admin_email: Annotated[
        str | None, typer.Option(help="The first administrator's address.")
    ] = None,
    admin_name: Annotated[
        str | None, typer.Option(help="Their name. Without: what stands before the @.")
    ] = None,
    public_url: Annotated[str | None, typer.Option(help="Where people reach this service.")] = None,
    mail_server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="smtp://host:port?tls=starttls, tls or none; or log: which sends nothing, keeps"
            " each mail in a folder, and shows them at a page.",
        ),
    ] = None,
    mail_user: Annotated[str | None, typer.Option(help="The user at the mail server.")] = None,
    mail_password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file with the password at the mail server."),
    ] = None,
    mail_from: Annotated[
        str | None,
        typer.Option(help="The sender of mails. Without: countersign@ the administrator's domain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write .env with fresh secrets, and make an account, an administrator and a first API token.

    Asks for what no option gives. An .env that is there is never changed, nor is one written where
    the environment has all settings. The token is shown once.
    """
    answers = Answers(
        account=account,
        admin_email=admin_email,
        admin_name=admin_name,
        public_url=public_url,
        mail_server=mail_server,
        mail_user=mail_user,
        mail_password=_password_in(mail_password_file),
        mail_from=mail_from,
    )
    file = env_file()
    is_new = not file.exists()
    missing = missing_settings() if is_new else []
    answers = _complete(answers, missing)
    assert answers.account is not None
    assert answers.admin_email is not None
    if missing:
        _write(file, answers, missing)
    settings = _existing_settings(file, is_new=is_new)
    _require_agreement(settings, answers, file)

    from api.bootstrap import build_system

    database = open_database(settings)
    migrate(database)
    system = build_system(settings, database)
    new_account = create_account(system, answers.account, answers.admin_email, answers.admin_name)
    # It sets the account up: it may appoint those who approve and sign, as in the browser.
    scopes = frozenset(Permission)
    _, _, token = create_token_as_operator(
        system, answers.account, answers.admin_email, "first token", scopes
    )
    print_token(new_account.account_id, new_account.user_id, token.secret, as_json=as_json)
    _print_what_is_next(settings, file if missing else None, to_stderr=as_json)


def _password_in(file: Path | None) -> SecretStr | None:
    if file is None:
        return None
    try:
        return SecretStr(file.read_text("utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadyError(f"{file} cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked for where neither an option nor a setting gives it."""

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
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def _complete(answers: Answers, missing: Sequence[str]) -> Answers:
    """Ask for what is needed and was not said; NotReadyError where there is nobody to ask."""
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


def _mail_url(answers: Answers, file: Path) -> str | None:
    if answers.mail_server is None:
        return None
    password = answers.mail_password.get_secret_value() if answers.mail_password else None
    return mail_url(answers.mail_server, answers.mail_user, password, file)


def _write(file: Path, answers: Answers, missing: Sequence[str]) -> None:
    """Check the settings, then write those that are missing."""
    assert answers.admin_email is not None
    values = {
        "public_url": answers.public_url,
        "smtp_url": _mail_url(answers, file),
        "mail_from": answers.mail_from or sender_for(answers.admin_email),
        **fresh_secrets(),
    }
    chosen: dict[str, Any] = {
        name: value for name, value in values.items() if name in missing and value
    }
    chosen = database_beside(file) | chosen
    load_settings(lambda: Settings(_env_file=None, **chosen))
    write_env_file(file, chosen)


def _existing_settings(file: Path, *, is_new: bool) -> Settings:
    """The settings as every other command reads them."""
    try:
        return load_settings()
    except typer.Exit:
        if not is_new:
            message = f"{file} is there, and init never changes it: add what is missing to it."
            print(message, file=sys.stderr)
        raise


def _require_agreement(settings: Settings, answers: Answers, file: Path) -> None:
    """No option says anything else than the settings that were there before."""
    said = {
        "public_url": ("--public-url", answers.public_url, settings.public_url),
        "mail_from": ("--mail-from", answers.mail_from, settings.mail_from),
        "smtp_url": (
            "--mail-server",
            _mail_url(answers, file),
            settings.smtp_url.get_secret_value(),
        ),
    }
    for name, (option, value, current) in said.items():
        if value is not None and value != current:
            message = (
                f"{PREFIX}{name.upper()} is set to something else already, in the environment or in"
                f" {file}, which init never changes. Change it there, or leave {option} away."
            )
            raise NotReadyError(message)


def _print_what_is_next(settings: Settings, written: Path | None, *, to_stderr: bool) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    if written is not None:
        print(
            f"\n{written} has the settings and fresh secrets, for you alone to read. Keep a copy of"
            f" {PREFIX}MASTER_KEY in a safe place.",
            file=stream,
        )
    folder = folder_of(settings.smtp_url.get_secret_value())
    if folder is not None:
        print(f"\n{folder}: {NO_MAIL.format(address=settings.mail_page_address)}", file=stream)
    print(f"\nNext: {serve_command(settings.public_url)}", file=stream)
    print("Then, beside it: countersign doctor, and countersign first-signature", file=stream)


def serve_command(public_url: str) -> str:
    """What answers at the public URL, if that leads to this machine itself."""
    parts = urlsplit(public_url)
    own = parts.scheme == "http" and is_safe(public_url)
    port = parts.port or 80
    needs_port = own and port != _DEFAULT_PORT
    return f"countersign serve --port {port}" if needs_port else "countersign serve"
