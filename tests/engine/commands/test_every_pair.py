"""Every status with everything a person can do to it: as spec section 3 says, or WRONG_STATUS."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from engine.commands.command import Command
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code
from engine.model.vocabulary import ReleaseType, Status, Verdict
from tests.support.refusals import assert_refused
from tests.support.releases import release_in
from tests.support.world import World

S = Status
VERBS: dict[str, Callable[[UUID], Command[Any]]] = {
    "approve": lambda id_: Decide(release_id=id_, revision=1, verdict=Verdict.APPROVE),
    "reject": lambda id_: Decide(release_id=id_, revision=1, verdict=Verdict.REJECT, comment="No."),
    "withdraw": lambda id_: WithdrawRelease(release_id=id_, reason="Because."),
    "revise": lambda id_: ReviseRelease(release_id=id_, revision=1, changes={"max_signatures": 9}),
    "close": lambda id_: CloseRelease(release_id=id_, reason="Because."),
    "stop": lambda id_: StopRelease(release_id=id_, reason="Because."),
}
#: By cid, a third approver of the team, who has decided nothing yet.
ALLOWED: dict[tuple[str, Status], Status] = {
    ("approve", S.PENDING): S.PENDING,
    ("reject", S.PENDING): S.REJECTED,
    ("withdraw", S.PENDING): S.REJECTED,
    ("withdraw", S.APPROVED): S.REJECTED,
    ("withdraw", S.ACTIVE): S.REJECTED,
    ("revise", S.PENDING): S.PENDING,
    ("revise", S.APPROVED): S.PENDING,
    ("revise", S.ACTIVE): S.ACTIVE,
    ("revise", S.IN_PROGRESS): S.IN_PROGRESS,
    ("close", S.IN_PROGRESS): S.COMPLETED,
    ("stop", S.APPROVED): S.FAILED,
    ("stop", S.ACTIVE): S.FAILED,
    ("stop", S.IN_PROGRESS): S.FAILED,
}


@pytest.mark.parametrize("status", S)
def test_every_verb_on_this_status(world: World, status: Status) -> None:
    """Each refused one leaves everything as it was and one entry; then each allowed one is done."""
    world.add_third_approver()
    type_ = ReleaseType.ONLINE if status is S.ACTIVE else ReleaseType.OFFLINE
    release = release_in(world, status, type_)
    for verb, command_on in VERBS.items():
        if (verb, status) in ALLOWED:
            continue
        locked = verb == "revise"
        code = Code.FIELD_LOCKED if locked else Code.WRONG_STATUS
        assert_refused(world, "cid", command_on(release), code)


@pytest.mark.parametrize(("verb", "status"), ALLOWED)
def test_what_is_allowed_leads_where_the_table_says(
    world: World, verb: str, status: Status
) -> None:
    world.add_third_approver()
    type_ = ReleaseType.ONLINE if status is S.ACTIVE else ReleaseType.OFFLINE
    release = release_in(world, status, type_)
    world.do("cid", VERBS[verb](release))
    assert world.release(release).status is ALLOWED[verb, status]
