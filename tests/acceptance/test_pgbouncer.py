"""Two servers and a worker share PostgreSQL through a PgBouncer in transaction mode."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from engine.persistence.db.database import Database
from engine.persistence.db.timeouts import (
    IDLE_TRANSACTION_SECONDS,
    LOCK_WAIT_SECONDS,
    STATEMENT_SECONDS,
)
from tests.support.callers import SIGN, Caller, gather_crowd, open_release
from tests.support.databases import Templates
from tests.support.pgbouncer import pooled
from tests.support.running import init, run, serving, settings, working
from tests.support.world import DIGEST

pytestmark = pytest.mark.long

CALLS, MAXIMUM = 200, 50


@pytest.fixture
def direct(templates: Templates) -> Iterator[str]:
    """The database itself, without the pooler."""
    with templates.fresh("postgresql") as url:
        yield url


@pytest.fixture
def through(direct: str, tmp_path: Path) -> Iterator[str]:
    """The same through four connections for everybody."""
    with pooled(direct, tmp_path, size=4) as url:
        yield url


def test_every_transaction_has_its_limits_and_leaves_nothing_behind(through: str) -> None:
    database = Database(through)
    for _ in range(20):
        with database.reading() as connection:
            limits = [
                connection.execute(sa.text(f"SHOW {name}")).scalar_one()
                for name in (
                    "lock_timeout",
                    "statement_timeout",
                    "idle_in_transaction_session_timeout",
                    "transaction_read_only",
                )
            ]
        assert limits == [
            f"{LOCK_WAIT_SECONDS}s",
            f"{STATEMENT_SECONDS}s",
            f"{IDLE_TRANSACTION_SECONDS}s",
            "on",
        ]
    with database.writing() as connection:
        prepared = connection.execute(sa.text("SELECT name FROM pg_prepared_statements")).all()
    assert prepared == []
    assert database.is_pooled
    database.dispose()


def test_without_a_pooler_none_is_seen_and_statements_are_prepared(direct: str) -> None:
    database = Database(direct, pool_size=1)
    for _ in range(10):
        with database.reading() as connection:
            connection.execute(sa.text("SELECT CAST(:number AS integer)"), {"number": 1})
            found = connection.execute(sa.text("SELECT name FROM pg_prepared_statements")).all()
    assert found
    assert not database.is_pooled
    database.dispose()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("listens", [True, False])
async def test_the_main_job_and_exactly_the_maximum_through_two_servers(
    direct: str, through: str, listens: bool, tmp_path: Path
) -> None:
    more = {"COUNTERSIGN_LISTEN_URL": direct} if listens else {}
    environment = settings(through, COUNTERSIGN_POOL_SIZE="4", **more)
    admin = init(environment, tmp_path)["token"]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(serving(environment, tmp_path, "--no-worker")) for _ in range(2)
        ]
        stack.enter_context(working(environment, tmp_path))
        async with (
            httpx2.AsyncClient(base_url=servers[0].url, timeout=60) as here,
            httpx2.AsyncClient(base_url=servers[1].url, timeout=60) as there,
        ):
            crowd = await gather_crowd(Caller(here, admin), environment, tmp_path, "vault")
            release = await open_release(there, crowd, MAXIMUM)
            input_ = {"keypairId": crowd.keypairs[0], "digest": b64encode(DIGEST).decode()}
            callers = [Caller(client, crowd.tokens["dev"]) for client in (here, there)]
            answers = await asyncio.gather(
                *(callers[number % 2].ask(SIGN, input=input_) for number in range(CALLS))
            )
            payloads = [answer["sign"] for answer in answers]
            signatures = {p["signature"]["id"] for p in payloads if p["signature"]}
            refused = Counter(error["code"] for p in payloads for error in p["errors"])
            assert len(signatures) == MAXIMUM
            assert refused == {"QUOTA_EXHAUSTED": CALLS - MAXIMUM}
            query = "query ($id: ID!) { release(id: $id) { signaturesUsed status } }"
            counted = (await callers[1].ask(query, id=release))["release"]
            assert counted == {"signaturesUsed": MAXIMUM, "status": "IN_PROGRESS"}
    assert "The ledger holds" in run(environment, tmp_path, "ledger", "verify").stdout
