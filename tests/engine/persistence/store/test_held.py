"""What holds a keypair now is found by an index, whatever held it before."""

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from engine.persistence.db.database import Database
from engine.persistence.store import locks
from engine.persistence.store.loading import keypairs
from tests.support.databases import Templates


@pytest.mark.parametrize("query", [locks._HOLDERS, keypairs._KEYPAIRS], ids=["lock", "load"])
def test_the_partial_index_serves(templates: Templates, query: Select[tuple[object]]) -> None:
    options = {"render_postcompile": True}
    bound = query.params(ids=["1", "2"], account="3")
    statement = str(bound.compile(dialect=sqlite.dialect(), compile_kwargs=options))
    with templates.fresh("sqlite") as url:
        database = Database(url)
        with database.reading() as connection:
            text = f"EXPLAIN QUERY PLAN {statement}"
            given = ("x",) * statement.count("?")
            plan = [row[3] for row in connection.exec_driver_sql(text, given)]
        database.dispose()

    assert any("uq_release_keypairs_held" in step for step in plan), plan
