"""The main job, end to end in the engine: request, two approvals, window, signatures, end."""

from engine.model.errors import Code
from engine.model.vocabulary import Status
from engine.signing.request import Made, Refused
from tests.support.world import World


def test_a_team_approves_and_the_key_signs_inside_the_window_only(world: World) -> None:
    release = world.request(max_signatures=1)
    assert world.release(release).status is Status.PENDING

    world.decide("ann", release)
    assert world.release(release).status is Status.PENDING
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED

    (early,) = world.sign("dev")
    assert isinstance(early, Refused)
    assert early.refusal.code is Code.OUTSIDE_WINDOW

    world.clock.pass_(hours=1)
    signatures, over = world.sign("dev", number=2)
    assert isinstance(signatures, Made)
    assert isinstance(over, Refused)
    assert over.refusal.code is Code.QUOTA_EXHAUSTED
    assert world.release(release).status is Status.IN_PROGRESS

    world.clock.pass_(hours=2)
    (late,) = world.sign("dev")
    assert isinstance(late, Refused)
    assert late.refusal.code is Code.OUTSIDE_WINDOW
    ended = world.release(release)
    assert ended.status is Status.COMPLETED
    assert (ended.signatures_used, ended.signatures_reserved) == (1, 0)

    positions = [entry.position for entry in world.ledger()]
    assert positions == list(range(1, len(positions) + 1))
