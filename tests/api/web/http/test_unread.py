"""Whoever reads slowly keeps a connection, and whoever does not read loses it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from api.web.http.unread import UnreadDeadline

RESUMED = None


class Transport:
    """Has as much left to read as it is told."""

    left = 0
    aborted = False

    def get_write_buffer_size(self) -> int:
        return self.left

    def abort(self) -> None:
        self.aborted = True


class Base(asyncio.Protocol):
    """Has what uvicorn's protocols have."""


class Watched(UnreadDeadline, Base):
    """A connection that is looked at by hand."""

    looks = 0

    def watch_unread(self, seconds: float) -> None:
        self.looks += 1


@pytest.mark.parametrize(
    ("left", "is_ended"),
    [
        ([0, 0, 0], False),
        ([100, 60, 20, 10, 0], False),
        ([100, RESUMED, 100, RESUMED, 120], False),
        ([0, 100, 0, 100], False),
        ([100, 100], True),
        ([0, 100, 150], True),
        ([100, RESUMED, 100, 100], True),
    ],
    ids=str,
)
def test_it_ends_where_nothing_was_read_between_two_looks(
    left: list[int | None], is_ended: bool
) -> None:
    transport, protocol = Transport(), Watched()
    protocol.transport = cast(asyncio.Transport, transport)
    looks = 0
    for size in left:
        if size is RESUMED:
            protocol.resume_writing()
            continue
        assert not transport.aborted
        transport.left = size
        protocol._look(30)
        looks += 1
    assert transport.aborted is is_ended
    assert protocol.looks == looks - is_ended
