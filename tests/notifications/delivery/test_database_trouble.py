"""Loops that try again every second do not fill the log while the database is away or full."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy.exc import OperationalError

from engine.logs.log_throttle import LogThrottle
from notifications.delivery import database_trouble
from notifications.delivery import relay as relay_module
from notifications.delivery.database_trouble import log_database_trouble
from tests.notifications.delivery.test_relay import relay_of
from tests.support.smtp_server import Inbox
from tests.support.world import World

FULL = OperationalError("UPDATE secret", {}, sqlite3.OperationalError("database is full"))


@pytest.fixture(autouse=True)
def _nothing_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_trouble, "_logged", LogThrottle())


def test_each_kind_of_trouble_is_logged_once_for_a_while() -> None:
    away = OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused"))
    with structlog.testing.capture_logs() as logs:
        for _ in range(100):
            log_database_trouble("relay_database_trouble", FULL)
        log_database_trouble("relay_database_trouble", away)
        log_database_trouble("reminders_database_trouble", FULL)
    assert [(line["event"], line["error"]) for line in logs] == [
        ("relay_database_trouble", "(sqlite3.OperationalError) database is full"),
        ("relay_database_trouble", "(psycopg.OperationalError) connection refused"),
        ("reminders_database_trouble", "(sqlite3.OperationalError) database is full"),
    ]
    assert "secret" not in str(logs)


@pytest.mark.anyio
async def test_a_relay_that_tries_again_logs_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise FULL

    monkeypatch.setattr(relay_module, "is_any_due", fail)
    relay = relay_of(world, Inbox(port=1))
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            assert await relay._turn() is False
    assert [line["event"] for line in logs] == ["relay_database_trouble"]
