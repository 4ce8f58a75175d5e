"""What is known around a release, from its decisions."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.model.vocabulary import Status
from notifications.facts.release_context import ReleaseContext

EARLY, LATE = uuid4(), uuid4()


def around(release_id: UUID) -> ReleaseContext:
    """One decided on the first material revision, another on the second."""
    decisions: list[Any] = [
        SimpleNamespace(approver_id=EARLY, material_revision=1),
        SimpleNamespace(approver_id=LATE, material_revision=2),
    ]
    nobody: Any = None
    return ReleaseContext(
        staff=nobody, decisions={release_id: decisions}, edits={}, editors={}, users={}, keypairs={}
    )


@pytest.mark.parametrize("status", Status)
def test_whoever_decided_before_an_edit_is_known_while_it_awaits_approval(status: Status) -> None:
    release: Any = SimpleNamespace(id=uuid4(), status=status, material_revision=2)
    earlier = around(release.id).earlier_deciders_of(release)
    assert earlier == ({EARLY} if status is Status.PENDING else set())
