"""`countersign doctor`: look at the whole installation, and say what to mend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic import ValidationError

from api.config.settings import Settings
from api.config.settings_docs import faults
from api.config.settings_files import env_file
from api.doctor.report import CheckResult, as_json, as_lines, failed, is_healthy
from api.observability.logs import configure_logs

MailTo = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Who gets a test mail. Without: the first administrator."),
]
AskPublicUrl = Annotated[
    bool,
    typer.Option(
        "--public-url/--no-public-url",
        help="Whether to ask the public URL, which answers only while a server runs.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def doctor(mail_to: MailTo = None, public_url: AskPublicUrl = True, in_json: Json = False) -> None:
    """Check settings, database, keys, signers and mail, with a test mail; exits with 1 for a fault.

    Secrets are never printed.
    """
    results: list[CheckResult] = []
    for result in _examined(mail_to, public_url=public_url):
        results.append(result)
        if not in_json:
            print(as_lines([result], sys.stdout.encoding), flush=True)
    if in_json:
        print(as_json(results))
    if not is_healthy(results):
        raise typer.Exit(1)


def _examined(mail_to: str | None, *, public_url: bool) -> Iterator[CheckResult]:
    from api.doctor.examination import examine

    try:
        settings = Settings()
    except ValidationError as error:
        advice = "`countersign settings` explains each setting."
        yield from (failed("settings", fault, advice) for fault in faults(error))
        return
    except (OSError, UnicodeDecodeError) as error:
        yield failed("settings", f"{env_file()} cannot be read: {error}.", "Make it readable.")
        return
    configure_logs(as_json=settings.log_json)
    yield from examine(settings, mail_to=mail_to, public_url=public_url)
