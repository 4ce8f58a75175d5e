"""`countersign first-signature`: the commands that lead to a first signature, to be copied."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.accounts import account_called
from api.cli.running import load_settings
from api.cli.trial_account import (
    AUTHORIZATION_FILE,
    MESSAGE_FILE,
    PUBLIC_KEY_FILE,
    REQUEST_FILE,
    SIGN_FILE,
    WINDOW,
    prepare_first_signature,
    write_files,
)
from api.config.settings import Settings
from api.runtime.startup_checks import NotReadyError, open_database, require_current
from notifications.channels.mail_folder import folder_of

_GUIDE = """\
There are a keypair, a team, a pipeline that signs, and {approver}, who approves.
What the following commands send is in {folder}, and so is the pipeline's token, which works
for a day. Countersign must be running (countersign serve).
Copy the commands one after the other:

    cd {folder}

1. The pipeline requests a release, whose window is open from now on for {hours} hours:

    {request}

2. {approver} gets a mail{where}. Open "View request" in it, and approve.

3. The pipeline signs. Only the digest of {message} is sent:

    {sign}
    sed -n 's/.*"value":"\\([^"]*\\)".*/\\1/p' answer.json | openssl base64 -d -A > message.sig

4. Anybody can verify it:

    openssl dgst -sha256 -verify {public_key} -signature message.sig {message}
"""

Account = Annotated[str | None, typer.Option(help="Which account, where there are several.")]
Approver = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Who approves: the address of another person than the administrator, who is invited"
        " as a lead if they are not there yet.",
    ),
]
Folder = Annotated[Path, typer.Option(help="Where the files go that the commands send.")]


def first_signature(
    account: Account = None, approver: Approver = None, folder: Folder = Path("first-signature")
) -> None:
    """Make a keypair, a team and a pipeline to try it with, and print the commands that sign.

    The commands have the right ids and dates in them. No secret is printed.
    """
    settings = load_settings()
    if approver is None:
        approver = _ask_for_approver()
    database = open_database(settings)
    require_current(database)
    with database.reading() as connection:
        account_id = account_called(connection, account)

    from api.bootstrap import build_system

    system = build_system(settings, database)
    first = prepare_first_signature(system, account_id, approver)
    try:
        write_files(folder, first, datetime.now(UTC))
    except OSError as error:
        raise NotReadyError(f"{error.filename} cannot be written: {error.strerror}.") from error
    print(guide(settings, folder, first.approver), end="")


def guide(settings: Settings, folder: Path, approver: str) -> str:
    """Return instructions with commands to copy."""
    is_kept = folder_of(settings.smtp_url.get_secret_value()) is not None
    return _GUIDE.format(
        approver=approver,
        folder=shlex.quote(str(folder)),
        hours=int(WINDOW.total_seconds() // 3600),
        request=_curl(settings, REQUEST_FILE),
        where=f", which is kept at http://{settings.mail_page_address}/" if is_kept else "",
        message=MESSAGE_FILE,
        sign=f"{_curl(settings, SIGN_FILE)} | tee answer.json",
        public_key=PUBLIC_KEY_FILE,
    )


def _curl(settings: Settings, file: str) -> str:
    url = shlex.quote(f"{settings.public_url.rstrip('/')}/graphql")
    return f"curl -sS {url} -H @{AUTHORIZATION_FILE} -H 'Content-Type: application/json' -d @{file}"


def _ask_for_approver() -> str:
    if not sys.stdin.isatty():
        raise NotReadyError("There is nobody to ask here: give --approver.")
    text = "Address of another person, who approves"
    answer: str = typer.prompt(text, err=True)
    return answer.strip()
