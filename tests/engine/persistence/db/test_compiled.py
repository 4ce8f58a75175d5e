"""What the driver runs is what SQLAlchemy would have run, and its rows and errors are the same."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

import engine
import notifications
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.text import name_key
from engine.persistence.db import compiled
from engine.persistence.db.compiled import run_compiled
from engine.persistence.store import tables as t
from notifications.outbox.outbox import Outbox
from notifications.tables import action_links, deliveries
from notifications.vocabulary import EMAIL, MessageKind
from tests.support.world import World

#: A part that whole statements are made of, and one that finds something else each time.
_NOT_COMPARED = {"_UNTRIED", "_CLOCK"}
_OF_TEAM = t.team_members.c.team_id == sa.bindparam("team")


def _constants() -> Iterator[tuple[str, Any]]:
    """Every statement that is a constant of a module that runs compiled statements."""
    for package in (engine, notifications):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." in info.name:
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items() if hasattr(module, "run_compiled") else ():
                for key, statement in value.items() if isinstance(value, dict) else [("", value)]:
                    is_statement = isinstance(statement, Select | Insert | Update | Delete)
                    if is_statement and name not in _NOT_COMPARED:
                        yield f"{info.name}.{name}{key and f'[{key}]'}", statement


def _arguments(world: World) -> dict[str, Any]:
    """A value for each argument of these statements, by which many of them find rows.

    A new statement may need another one here.
    """
    now = datetime.now(UTC)
    name = name_key("Falcon 1.0")
    with world.system.database.reading() as connection:
        ids = [
            id_
            for table in (t.releases, t.users, t.teams, t.keypairs, deliveries, action_links)
            for id_ in connection.scalars(sa.select(table.c.id)).all()
        ]
        release_id = connection.scalars(sa.select(t.releases.c.id)).one()
        token_hash = connection.scalars(sa.select(t.api_tokens.c.secret_hash)).one()
        link_id = connection.scalars(sa.select(action_links.c.id)).first()
    return {
        "account": world.account_id,
        "at": now,
        "before": max(ids),
        "delivery": ids[-1],
        "entries": 1,
        "file": "{}",
        "ids": sorted(ids),
        "keys": ["ann@example.com"],
        "kinds": sorted(MessageKind),
        "hash": token_hash,
        "idle_since": now,
        "last": bytes(32),
        "link": link_id,
        "name": name,
        "now": now,
        "position": 1,
        "release": release_id,
        "user": world.people["ann"],
        "way": EMAIL,
        "whose": world.people["ann"],
    }


def _plain(parameters: Any) -> list[Any]:
    """The driver's parameters; bytes are wrapped in objects that are never equal."""
    values = parameters.items() if isinstance(parameters, dict) else enumerate(parameters)
    return sorted((key, getattr(value, "obj", value)) for key, value in values)


def _by_sqlalchemy(connection: Connection, statement: Any, arguments: dict[str, Any]) -> Any:
    """The text and the parameters that SQLAlchemy makes, the names of the columns, and the rows."""
    with connection.begin_nested() as savepoint:
        result = connection.execute(statement, arguments)
        context: Any = result.context
        sent = context.statement, _plain(context.parameters[0])
        found = _rows(result) if result.returns_rows else ([], [])
        savepoint.rollback()
    return *sent, *found


def _by_driver(connection: Connection, statement: Any, arguments: dict[str, Any]) -> Any:
    """The same as `run_compiled` makes and finds them."""
    with connection.begin_nested() as savepoint:
        result = run_compiled(connection, statement, arguments)
        assert not isinstance(result, sa.CursorResult)
        form = compiled.form_of(statement, connection.dialect, arguments)
        sent = form.text, _plain(form.bind(arguments))
        found = _rows(result)
        savepoint.rollback()
    return *sent, *found


def _as_named_tuples(connection: Connection, statement: Any, arguments: dict[str, Any]) -> Any:
    """The rows as `fetch_compiled` makes them."""
    rows = compiled.fetch_compiled(connection, statement, arguments)
    return [[getattr(row, n) for n in row._fields if n != "clock_reading"] for row in rows]


def _rows(result: sa.Result[Any]) -> tuple[list[str], list[Any]]:
    """The names of the columns and the rows, without the clock, which differs each time."""
    columns = list(result.keys())
    names = [name for name in columns if name != "clock_reading"]
    return names, [[row._mapping[name] for name in names] for row in result]


@pytest.fixture
def busy(world: World) -> World:
    """The account with a request of named participants, edited, voted on and told of."""
    world.system = replace(world.system, event_handlers=(Outbox(bytes(32)),))
    world.settings(teams_enabled=False)
    release_id = world.request(teams=False, note="first")
    world.decide("ann", release_id)
    changes = {
        "note": "second",
        "participant_ids": frozenset(map(world.people.get, ("dev", "eve"))),
    }
    world.do("dev", ReviseRelease(release_id=release_id, revision=1, changes=changes))
    world.decide("bob", release_id)
    world.do("dev", CreateApiToken(name="test"))
    return world


def test_each_statement_is_run_as_sqlalchemy_runs_it(busy: World) -> None:
    arguments, with_rows = _arguments(busy), set[str]()
    with busy.system.database.writing() as connection:
        for name, statement in _constants():
            expected = _by_sqlalchemy(connection, statement, arguments)
            assert _by_driver(connection, statement, arguments) == expected, name
            if isinstance(statement, Select):
                assert _as_named_tuples(connection, statement, arguments) == expected[-1], name
            if expected[-1]:
                with_rows.add(name.rpartition(".")[2])
    # Those whose rows have columns of every type are compared with rows, and not only without.
    assert {"_RELEASES", "_CALLER", "_KEYPAIRS", "_TEAMS", "_DECISIONS", "_WAITING"} <= with_rows
    assert len(with_rows) >= 20


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_list_may_have_any_length(world: World, number: int) -> None:
    ids = sorted(world.people.values())[:number]
    statement = sa.select(t.users.c.name).where(
        t.users.c.id.in_(sa.bindparam("ids", expanding=True))
    )
    with world.system.database.reading() as connection:
        rows = run_compiled(connection, statement, {"ids": ids}).all()
        assert len(rows) == number
        assert rows == connection.execute(statement, {"ids": ids}).all()


def _error(run: Any, connection: Connection, *arguments: Any) -> tuple[Any, ...]:
    with pytest.raises(StatementError) as caught, connection.begin_nested():
        run(connection, *arguments)
    error = caught.value
    broken = error.connection_invalidated if isinstance(error, DBAPIError) else False
    return type(error), type(error.orig), str(error), error.statement, error.params, broken


def _execute(connection: Connection, *arguments: Any) -> Any:
    return connection.execute(*arguments)


def test_an_error_of_the_database_is_raised_as_sqlalchemy_raises_it(world: World) -> None:
    again = t.team_members.insert().from_select(
        t.team_members.c.keys(), sa.select(t.team_members).where(_OF_TEAM)
    )
    arguments = {"team": world.things["blue"]}
    met: list[Any] = []
    with world.system.database.writing() as connection:
        sa.event.listen(connection.engine, "handle_error", met.append)
        raised = _error(run_compiled, connection, again, arguments)
        assert raised == _error(_execute, connection, again, arguments)
    assert raised[0] is IntegrityError
    assert "[SQL parameters hidden due to hide_parameters=True]" in raised[2]
    assert [type(context.original_exception) for context in met] == [raised[1]] * 2


@pytest.mark.parametrize("arguments", [{}, {"team": "no id"}, {"team": 7}])
def test_arguments_that_do_not_fit_are_refused_as_by_sqlalchemy(
    world: World, arguments: dict[str, Any]
) -> None:
    statement = sa.select(t.team_members).where(_OF_TEAM)
    with world.system.database.reading() as connection:
        assert _error(run_compiled, connection, statement, arguments) == _error(
            _execute, connection, statement, arguments
        )


def test_a_connection_that_broke_is_discarded(world: World) -> None:
    database = world.system.database
    if database.is_sqlite:
        return
    statement = sa.select(t.team_members).where(_OF_TEAM)
    with database.writing() as connection:
        process = connection.scalar(sa.select(sa.func.pg_backend_pid()))
        with database.writing() as other:
            other.execute(sa.select(sa.func.pg_terminate_backend(process)))
        with pytest.raises(DBAPIError) as caught:
            run_compiled(connection, statement, {"team": world.things["blue"]})
        assert caught.value.connection_invalidated
        assert connection.invalidated
    with database.reading() as connection:
        assert run_compiled(connection, statement, {"team": world.things["blue"]}).all()


def test_what_listens_to_statements_hears_of_each(world: World) -> None:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, text: str, *_: Any) -> None:
        statements.append(text)

    statement = sa.select(t.team_members).where(_OF_TEAM)
    arguments = {"team": world.things["blue"]}
    with world.system.database.reading() as connection:
        sa.event.listen(connection, "before_cursor_execute", note)
        rows = run_compiled(connection, statement, arguments).all()
        sa.event.remove(connection, "before_cursor_execute", note)
        assert run_compiled(connection, statement, arguments).all() == rows
        form = compiled.form_of(statement, connection.dialect, arguments)
    assert statements == [form.text]


def test_without_a_transaction_one_is_begun(world: World) -> None:
    statement = sa.select(t.team_members).where(_OF_TEAM)
    with world.system.database.writing() as connection:
        connection.rollback()
        assert not connection.in_transaction()
        assert run_compiled(connection, statement, {"team": world.things["blue"]}).all()
        assert connection.in_transaction()
