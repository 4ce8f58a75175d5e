"""The tests' own server does what tests need of it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.postgres import PostgresServer


@pytest.fixture
def template(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.create_database()
    run(url, "CREATE TABLE colours (name text PRIMARY KEY)")
    run(url, "INSERT INTO colours VALUES ('blue')")
    yield url
    postgres_server.drop_database(url)


def test_a_copy_starts_like_its_template_and_goes_its_own_way(
    postgres_server: PostgresServer, template: str
) -> None:
    copy = postgres_server.create_database(template)

    run(copy, "INSERT INTO colours VALUES ('red')")

    assert names(copy) == ["blue", "red"]
    assert names(template) == ["blue"]
    postgres_server.drop_database(copy)


def test_a_database_is_dropped_although_somebody_is_connected(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.create_database()
    engine = create_engine(url)
    with engine.connect() as connection:
        postgres_server.drop_database(url)

        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
    engine.dispose()


def run(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def names(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name FROM colours ORDER BY name")).scalars().all()
    engine.dispose()
    return list(found)
