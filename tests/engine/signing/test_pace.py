"""How much is reserved ahead of a signer: what it can make in a part of a reservation's time."""

import pytest

from engine.signing import admission as module
from engine.signing.admission import INITIAL_ADMISSION_LIMIT, RESERVATION_TIME_SHARE, Admission


class Hands:
    """A clock."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(module, "time", hands)
    return hands


def make(pace: Admission, hands: Hands, number: int, rate: float) -> None:
    for _ in range(number):
        pace.start(1)
        hands.seconds += 1 / rate
        pace.finish(1)


def test_a_signers_pace_is_not_known_before_it_signed(hands: Hands) -> None:
    assert Admission(30).limit == INITIAL_ADMISSION_LIMIT


@pytest.mark.parametrize("rate", [2.0, 20.0, 5000.0])
def test_it_follows_the_signer(hands: Hands, rate: float) -> None:
    pace = Admission(30)
    make(pace, hands, 1000, rate)
    assert pace.limit == pytest.approx(rate * 30 * RESERVATION_TIME_SHARE, rel=0.05, abs=1)


def test_a_signer_that_slows_down_is_noticed_within_few_signatures(hands: Hands) -> None:
    pace = Admission(30)
    make(pace, hands, 10_000, 5000)
    make(pace, hands, 64, 10)
    assert pace.limit < 200


def test_time_in_which_nothing_is_made_does_not_count(hands: Hands) -> None:
    pace = Admission(30)
    for _ in range(500):
        hands.seconds += 60
        make(pace, hands, 1, 100)
    assert pace.limit == pytest.approx(100 * 30 * RESERVATION_TIME_SHARE, rel=0.05)


def test_where_all_is_taken_nothing_is_free_until_something_is_made(hands: Hands) -> None:
    pace = Admission(30)
    pace.start(INITIAL_ADMISSION_LIMIT)
    assert pace.free_capacity == 0
    hands.seconds += 1
    pace.finish(INITIAL_ADMISSION_LIMIT // 2)
    assert pace.free_capacity >= 1
