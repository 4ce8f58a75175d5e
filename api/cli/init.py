"""`countersign init`: the first settings, the tables, and an account with its administrator."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from api.cli.first_settings import (
    database_beside,
    fresh_secrets,
    missing_settings,
    sender_for,
    write_env_file,
)
from api.cli.init_answers import Answers, complete, password_in
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
from notifications.channels.mail_folder import folder_of

_DEFAULT_PORT = 8000

AccountName = Annotated[str | None, typer.Option(help="The account's name.")]
AdminEmail = Annotated[str | None, typer.Option(help="The first administrator's address.")]
AdminName = Annotated[
    str | None, typer.Option(help="Their name. Without: what stands before the @.")
]
PublicUrl = Annotated[str | None, typer.Option(help="Where people reach this service.")]
MailServer = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="smtp://host:port?tls=starttls, tls or none; or log: which sends nothing, keeps"
        " each mail in a folder, and shows them at a page.",
    ),
]
MailUser = Annotated[str | None, typer.Option(help="The user at the mail server.")]
MailPasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A file with the password at the mail server."),
]
MailFrom = Annotated[
    str | None,
    typer.Option(help="The sender of mails. Without: countersign@ the administrator's domain."),
]


def init(
    account: AccountName = None,
    admin_email: AdminEmail = None,
    admin_name: AdminName = None,
    public_url: PublicUrl = None,
    mail_server: MailServer = None,
    mail_user: MailUser = None,
    mail_password_file: MailPasswordFile = None,
    mail_from: MailFrom = None,
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
        mail_password=password_in(mail_password_file),
        mail_from=mail_from,
    )
    file = env_file()
    is_new = not file.exists()
    missing = missing_settings() if is_new else []
    answers = complete(answers, missing)
    if missing:
        _write(file, answers, missing)
    settings = _existing_settings(file, is_new=is_new)
    _require_agreement(settings, answers, file)
    _create_account(settings, answers, as_json=as_json)
    _print_what_is_next(settings, file if missing else None, to_stderr=as_json)


def _create_account(settings: Settings, answers: Answers, *, as_json: bool) -> None:
    """Create the tables, the account and its administrator, and print the first token."""
    from api.bootstrap import build_system

    assert answers.account is not None
    assert answers.admin_email is not None
    database = open_database(settings)
    from engine.persistence.store.migrate import migrate

    migrate(database)
    system = build_system(settings, database)
    account = create_account(system, answers.account, answers.admin_email, answers.admin_name)
    # It sets the account up: it may appoint those who approve and sign, as in the browser.
    scopes = frozenset(Permission)
    _, _, token = create_token_as_operator(
        system, answers.account, answers.admin_email, "first token", scopes
    )
    print_token(account.account_id, account.user_id, token.secret, as_json=as_json)


def _write(file: Path, answers: Answers, missing: Sequence[str]) -> None:
    """Check the settings, then write those that are missing."""
    assert answers.admin_email is not None
    values = {
        "public_url": answers.public_url,
        "smtp_url": answers.smtp_url(file),
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
    """Return the settings as every other command reads them."""
    try:
        return load_settings()
    except typer.Exit:
        if not is_new:
            message = f"{file} is there, and init never changes it: add what is missing to it."
            print(message, file=sys.stderr)
        raise


def _require_agreement(settings: Settings, answers: Answers, file: Path) -> None:
    """Refuse an option that says something else than the settings that were there before.

    Raises:
        NotReadyError: One of them does.
    """
    said = {
        "public_url": ("--public-url", answers.public_url, settings.public_url),
        "mail_from": ("--mail-from", answers.mail_from, settings.mail_from),
        "smtp_url": (
            "--mail-server",
            answers.smtp_url(file),
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
    """Return the command that serves the public URL, if that leads to this machine itself."""
    parts = urlsplit(public_url)
    own = parts.scheme == "http" and is_safe(public_url)
    port = parts.port or 80
    needs_port = own and port != _DEFAULT_PORT
    return f"countersign serve --port {port}" if needs_port else "countersign serve"
