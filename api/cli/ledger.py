"""`countersign ledger`: print a head to keep elsewhere, and walk the chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.accounts import account_called
from api.cli.running import exit_with_refusal, load_settings
from api.config.keys import ledger_key
from api.runtime.startup_checks import open_database, require_current
from engine.model.errors import Code, Refusal
from engine.persistence.store import ledger
from engine.persistence.store.ledger_verification import Anchor, verify

app = typer.Typer(
    no_args_is_help=True, help="The ledger: what to keep of it, and whether it holds."
)

Account = Annotated[str | None, typer.Option(help="The account's name, where there are several.")]


@app.command("head")
@exit_with_refusal
def print_head(account: Account = None) -> None:
    """Print the ledger's head as JSON: keep it where this machine cannot reach."""
    settings = load_settings()
    database = open_database(settings)
    require_current(database)
    with database.reading() as connection:
        account_id = account_called(connection, account)
        head = ledger.head(connection, account_id)
    anchor = Anchor.of(account_id, head, ledger_key(settings))
    head_facts = {"account": str(account_id), "count": anchor.count, "hash": anchor.hash}
    print(json.dumps({**head_facts, "hmac": anchor.hmac}))


@app.command("verify")
@exit_with_refusal
def verify_chain(
    account: Account = None,
    anchor: Annotated[
        Path | None, typer.Option(help="A head that was printed earlier.", exists=True)
    ] = None,
) -> None:
    """Walk the chain; exits with 1 and names the first broken entry if it does not hold."""
    settings = load_settings()
    expected_anchor = _read_anchor(anchor, ledger_key(settings)) if anchor is not None else None
    database = open_database(settings)
    require_current(database)
    with database.snapshot() as connection:
        account_id = (
            expected_anchor.account_id
            if expected_anchor is not None
            else account_called(connection, account)
        )
        verdict = verify(connection, account_id, expected_anchor)
    if not verdict.holds:
        print(f"The ledger is broken at entry {verdict.broken_at}: {verdict.fault}.")
        raise typer.Exit(1)
    against = (
        f" It agrees with the head kept at {expected_anchor.count} entries."
        if expected_anchor
        else ""
    )
    print(f"The ledger holds: {verdict.head.count} entries.{against}")


def _read_anchor(path: Path, key: bytes) -> Anchor:
    try:
        anchor_facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        anchor = Anchor(
            UUID(anchor_facts["account"]),
            int(anchor_facts["count"]),
            anchor_facts["hash"],
            anchor_facts["hmac"],
        )
        genuine = anchor.is_genuine(key)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(Code.INVALID_INPUT, f"{path} is no head that was printed here.") from error
    if not genuine:
        message = f"{path} was changed, or printed with another COUNTERSIGN_SECRET_KEY."
        raise Refusal(Code.INVALID_INPUT, message)
    return anchor
