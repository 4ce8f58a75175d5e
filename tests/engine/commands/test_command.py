"""The base of the commands: what their class attributes say is true of each."""

from collections import Counter
from dataclasses import fields
from uuid import UUID

from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.persistence.store.locks import Hold, Lock
from tests.engine.commands.test_two_accounts import all_commands

ID = UUID(int=7)


def test_class_attributes_name_fields() -> None:
    for command in all_commands():
        names = {field.name for field in fields(command)}
        assert {command.subject_field, *command.detail_fields} - {None} <= names, command


def test_each_command_has_a_name_of_its_own() -> None:
    names = Counter(getattr(command, "command_name", "") for command in all_commands())
    # A decision is named by its verdict.
    assert names.pop("") == 1
    assert set(names.values()) == {1}


def test_an_attempt_to_create_is_about_the_account() -> None:
    command = CreateTeam(name="Blue\n", member_ids=frozenset())
    attempt = command.attempt()
    assert (attempt.command, attempt.subject_kind, attempt.subject_id) == (
        "create_team",
        "Account",
        None,
    )
    assert attempt.details == {"name": "Blue\ufffd"}
    assert command.lock() == Lock(account=Hold.EXCLUSIVE)


def test_an_attempt_to_change_is_about_what_it_changes() -> None:
    attempt = UpdateTeam(team_id=ID).attempt()
    assert (attempt.subject_kind, attempt.subject_id, attempt.details) == ("Team", ID, {})


def test_a_command_on_a_release_locks_it_alone() -> None:
    assert WithdrawRelease(release_id=ID).lock() == Lock(releases=frozenset({ID}))
