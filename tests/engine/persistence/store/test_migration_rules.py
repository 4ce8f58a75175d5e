"""Expand, migrate, contract: no migration stops the version that runs while it is applied."""

import pytest

from engine.persistence.store.schema_version import VERSIONS, Revision
from tests.support.migration_rules import FIRST_RELEASE, faults, revision_in

PATHS = sorted(VERSIONS.glob("*.py"))


def test_they_stand_in_one_line_and_what_is_taken_away_stays_away() -> None:
    revisions = [Revision.of(revision_in(path)) for path in PATHS]
    assert [revision.number for revision in revisions] == list(range(1, len(PATHS) + 1))
    served = [revision.serves_from for revision in revisions]
    assert served == sorted(served), "an id repeats at least what the one before it says"
    assert all(r.serves_from < r.number for r in revisions)


def test_each_only_expands_unless_its_id_says_whom_it_no_longer_serves() -> None:
    found, served = [], 0
    for path in PATHS:
        revision = Revision.of(revision_in(path))
        contracts, served = revision.serves_from > served, revision.serves_from
        if revision.number > FIRST_RELEASE and not contracts:
            found += [f"{path.name} {fault}" for fault in faults(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "operation",
    [
        'op.drop_column("users", "name")',
        'op.drop_table("users")',
        'op.rename_table("users", "people")',
        'op.alter_column("users", "name", new_column_name="label")',
        'op.alter_column("users", "name", type_=sa.String(10))',
        'op.alter_column("users", "name", nullable=False)',
        'op.add_column("users", sa.Column("colour", sa.Text(), nullable=False))',
        'op.create_index("ix", "signatures", ["digest"])',
        'op.create_index("ix", "accounts", ["name"], unique=True)',
        'op.create_foreign_key("fk", "users", "teams", ["team_id"], ["id"])',
        'op.create_check_constraint("ck", "users", "1 = 1")',
        'op.create_unique_constraint("uq", "users", ["name"])',
        'op.drop_constraint("fk_users", "users", type_="foreignkey")',
        'batch.drop_column("name")',
        'op.add_column("users", sa.Column("a")), op.add_column("teams", sa.Column("a"))',
    ],
)
def test_what_the_version_before_does_not_survive_is_found(operation: str) -> None:
    assert len(faults(f"def upgrade():\n    {operation}\n")) == 1


@pytest.mark.parametrize(
    "operation",
    [
        'op.add_column("users", sa.Column("colour", sa.Text(), nullable=True))',
        'op.add_column("users", sa.Column("n", sa.Integer(), nullable=False, server_default="0"))',
        'op.create_table("new"), op.create_index("ix", "new", ["id"])',
        'op.create_index("ix", "accounts", ["name"])',
        'build_index("ix", "signatures", ["digest"])',
        'op.alter_column("users", "name", nullable=True)',
        'op.create_check_constraint("ck", "users", "1 = 1", postgresql_not_valid=True)',
        'op.drop_constraint("ck_users", "users", type_="check")',
    ],
)
def test_what_only_expands_is_let_be(operation: str) -> None:
    assert faults(f"def upgrade():\n    {operation}\n") == []
