"""Ids are version 7 UUIDs; those that are made together ascend."""

import time
from uuid import RFC_4122

from engine.persistence.db.ids import uuid7, uuid7s


def test_ids_made_together_differ_and_ascend() -> None:
    ids = uuid7s(1000)
    assert ids == sorted(set(ids))
    assert len(ids) == 1000
    assert uuid7s(0) == []


def test_an_id_begins_with_the_time_and_says_what_it_is() -> None:
    before = time.time_ns() // 1_000_000
    ids = [uuid7(), *uuid7s(20)]
    after = time.time_ns() // 1_000_000
    assert {(id_.version, id_.variant) for id_ in ids} == {(7, RFC_4122)}
    assert all(before <= id_.int >> 80 <= after for id_ in ids)
