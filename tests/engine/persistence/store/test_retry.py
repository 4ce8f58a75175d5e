"""A unit of work that the database ended in favour of another is repeated after a random wait."""

import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from engine.model.errors import Code, Refusal
from engine.persistence.store.retry import (
    FIRST_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    MAX_TRIES,
    retry,
)


class Deadlock(Exception):
    sqlstate = "40P01"


class ConnectionLost(Exception):
    sqlstate = "08006"


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("whatever its text is")
    error.sqlite_errorcode = code
    return error


def failing(error: DBAPIError, times: int = MAX_TRIES) -> tuple[Callable[[], str], list[int]]:
    """A unit that fails so many times before it succeeds, and the list of its tries."""
    tries: list[int] = []

    def unit() -> str:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error
        return "done"

    return unit, tries


def test_the_waits_are_random_and_bounded() -> None:
    waits: list[float] = []
    for _ in range(50):
        unit, _ = failing(OperationalError("", {}, Deadlock()), MAX_TRIES - 1)
        assert retry(unit, sleep=waits.append) == "done"
    assert len(waits) == 50 * (MAX_TRIES - 1)
    limits = [min(FIRST_BACKOFF_SECONDS * 2**n, MAX_BACKOFF_SECONDS) for n in range(MAX_TRIES - 1)]
    assert all(0 <= wait <= limit for wait, limit in zip(waits, limits * 50, strict=True))
    assert len(set(waits)) > len(limits)


def test_after_the_last_try_it_is_overloaded_at_once() -> None:
    waits: list[float] = []
    unit, tries = failing(OperationalError("", {}, Deadlock()))
    with pytest.raises(Refusal) as refused:
        retry(unit, sleep=waits.append)
    assert refused.value.code is Code.OVERLOADED
    assert (len(tries), len(waits)) == (MAX_TRIES, MAX_TRIES - 1)


@pytest.mark.parametrize(("is_idempotent", "number"), [(True, MAX_TRIES), (False, 1)])
def test_after_a_broken_connection_only_what_is_idempotent_is_repeated(
    is_idempotent: bool, number: int
) -> None:
    unit, tries = failing(OperationalError("", {}, ConnectionLost()))
    with pytest.raises(Refusal):
        retry(unit, is_idempotent=is_idempotent, sleep=lambda _: None)
    assert len(tries) == number


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT])
def test_sqlite_has_waited_for_its_lock_itself(code: int) -> None:
    """It is recognised by its code, not by its text, and not repeated."""
    unit, tries = failing(OperationalError("", {}, sqlite_error(code)))
    with pytest.raises(Refusal) as refused:
        retry(unit, sleep=lambda _: None)
    assert (refused.value.code, len(tries)) == (Code.OVERLOADED, 1)


def test_a_defect_is_raised_as_it_is() -> None:
    defect = IntegrityError("", {}, Exception("NOT NULL constraint failed: users.name"))
    unit, tries = failing(defect)
    with pytest.raises(IntegrityError) as raised:
        retry(unit, sleep=lambda _: None)
    assert raised.value is defect
    assert len(tries) == 1
