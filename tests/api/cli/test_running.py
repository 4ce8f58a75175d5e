"""The command line's own parts, without a process for each."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from api.cli.accounts import account_called
from api.cli.lifetimes import lifetime
from api.cli.main import app
from api.cli.sockets import bind, require_metrics_address
from api.runtime.startup_checks import NotReadyError
from engine.commands.administration.account import create_account
from engine.commands.credentials.api_tokens import create_token_as_operator
from engine.model.errors import Refusal
from engine.persistence.db.database import Database
from engine.persistence.store.tables import api_tokens
from tests.support.world import World


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_is_none_is_refused_before_anything_is_begun(command: str, port: str) -> None:
    assert CliRunner().invoke(app, [command, "--port", port]).exit_code == 2


def test_an_address_that_cannot_be_had_is_told_with_what_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotReadyError, match=f"Port {port} is taken: .* with --port"):
            bind("127.0.0.1", port)
        with pytest.raises(NotReadyError, match="with COUNTERSIGN_METRICS_ADDRESS"):
            require_metrics_address(f"127.0.0.1:{port}")
    with pytest.raises(NotReadyError, match=r"192\.0\.2\.1 is no address of this machine"):
        bind("192.0.2.1", 0)
    for bound in bind("127.0.0.1", port):
        bound.close()


def test_an_account_that_is_not_there_is_told_with_those_that_are(database: Database) -> None:
    with database.reading() as connection:
        for name in (None, "Nope"):
            with pytest.raises(Refusal, match="no account yet: run `countersign init`"):
                account_called(connection, name)


def test_accounts_are_found_by_name_and_need_none_where_there_is_one(world: World) -> None:
    with world.system.database.reading() as connection:
        (name,) = connection.execute(sa.text("SELECT name FROM accounts")).scalars()
        only = account_called(connection, None)
        assert account_called(connection, name.upper()) == only == world.account_id
        with pytest.raises(Refusal, match=f"no account called Nope. There are: {name}."):
            account_called(connection, "Nope")
    create_account(world.system, "Zeta", "z@example.com")
    several = f"with --account. There are: {name}, Zeta."
    with (
        world.system.database.reading() as connection,
        pytest.raises(Refusal, match=several),
    ):
        account_called(connection, None)


def test_a_token_made_by_an_operator_can_end_by_itself(world: World) -> None:
    _, _, token = create_token_as_operator(
        world.system, None, "admin@example.com", "ci", None, lifetime("90d")
    )
    with world.system.database.reading() as connection:
        query = sa.select(api_tokens).where(api_tokens.c.id == token.token_id)
        row = connection.execute(query).one()
    assert row.expires_at - row.created_at == timedelta(days=90)


@pytest.mark.parametrize("text", ["", "soon", "90", "0d", "-1d", "1w", "123456d"])
def test_a_lifetime_is_days_hours_or_minutes(text: str) -> None:
    assert lifetime("12h") == timedelta(hours=12)
    with pytest.raises(typer.BadParameter, match="90d, 12h or 30m"):
        lifetime(text)
