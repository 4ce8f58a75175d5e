"""However many rows there are, a query runs the same number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from api.graphql.limits.config import Limits
from engine.model.vocabulary import Status
from engine.persistence.store import tables as t
from tests.api.graphql.crowd import Crowd
from tests.support.api import Api, make_api
from tests.support.world import World

PERSON = "name roles { name permissions } permissions"
RELEASE = """
  name team { members { name } } keypairs { alias users { name } heldBy { name } }
  participants { name } requestedBy { name roles { name } } availableActions { action allowed }
  approval { received decisions { verdict approver { name } } eligibleApprovers { name } }
  signatures(first: 2) { totalCount edges { node { signer { name } keypair { alias } } } }
  history(first: 2) { totalCount edges { node { tag actor { name } } } }
  deliveries(first: 2) { totalCount edges { node { state recipient { name } } } } undeliveredCount
"""
HEAVIEST = {
    "releases": f"{{ releases(first: 30) {{ totalCount edges {{ node {{ {RELEASE} }} }} }} }}",
    "inbox": f"{{ approvalInbox(first: 30) {{ totalCount edges {{ node {{ {RELEASE} }} }} }} }}",
    "teams": (
        f"{{ teams(first: 30) {{ edges {{ node {{ name members {{ {PERSON} }}"
        " keypairs { alias heldBy { name requestedBy { name } } } } } } }"
    ),
    "keypairs": (
        f"{{ keypairs(first: 30) {{ totalCount edges {{ node {{ alias users {{ {PERSON} }}"
        " teams { name } heldBy { name team { name } approval { remaining } } } } } }"
    ),
    "ledger": (
        "{ ledger(first: 100) { totalCount edges { node { tag actor { name roles { name } }"
        " release { name team { name } keypairs { alias } signatures(first: 1) { totalCount } }"
        " } } } }"
    ),
}

#: What each needs, the look-up of the credential and of the viewer's permissions included.
STATEMENTS = {"releases": 32, "inbox": 32, "teams": 13, "keypairs": 18, "ledger": 12}


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """GraphQL without a limit on how much is asked in a second, on both databases."""
    api, runtime = make_api(world, limits=Limits(rate=0))
    with api.client:
        yield api
    runtime.executor.shutdown()


@contextmanager
def counting(world: World) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    engine = world.system.database._reader
    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)


def statements(api: Api) -> dict[str, int]:
    """How many each of the heaviest queries needs."""
    found = {}
    for name, query in HEAVIEST.items():
        with counting(api.world) as sent:
            (connection,) = api.ask("chief", query).values()
        assert connection["edges"]
        found[name] = len(sent)
    return found


def rows_listed(api: Api) -> dict[str, int]:
    """How many each of them has to list in all."""
    world = api.world
    with world.system.database.reading() as connection:

        def count(table: sa.Table, *conditions: Any) -> int:
            query = sa.select(sa.func.count()).select_from(table).where(*conditions)
            return int(connection.execute(query).scalar_one())

        return {
            "releases": count(t.releases),
            "inbox": count(t.releases, t.releases.c.status == Status.PENDING),
            "teams": count(t.teams),
            "keypairs": count(t.keypairs),
            "ledger": count(t.ledger_entries),
        }


@pytest.mark.parametrize("many", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.timeout(600)
def test_statements_at_10_rows_and_at_many(api: Api, many: int) -> None:
    api.world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    members = ("ann", "dev", "chief")
    Crowd(api.world, 10, *members, each=1)
    api.token("chief")
    at_ten = statements(api)
    assert max(rows_listed(api).values()) < 50

    Crowd(api.world, many - 10, *members, first=10, each=1)

    assert min(rows_listed(api).values()) >= many
    assert statements(api) == at_ten == STATEMENTS
