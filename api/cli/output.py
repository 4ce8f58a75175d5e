"""Output that several commands have in common."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer

from api.graphql.ids import to_global

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def print_token(account_id: UUID, user_id: UUID, secret: str, *, as_json: bool) -> None:
    """Print a new token and its owner; it is shown only once."""
    ids = {"account": to_global("Account", account_id), "user": to_global("User", user_id)}
    if as_json:
        print(json.dumps({**ids, "token": secret}))
        return
    print(f"account  {ids['account']}\nuser     {ids['user']}\ntoken    {secret}")
    print("The token is shown this once. Keep it safe.")
