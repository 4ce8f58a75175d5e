"""What time makes due: each transition has its event."""

from engine.commands.advance import EVENT_BY_TRIGGER
from engine.lifecycle.table import TIME_TRIGGERS


def test_every_trigger_of_time_has_its_event() -> None:
    assert EVENT_BY_TRIGGER.keys() == {trigger for trigger, _, _ in TIME_TRIGGERS.values()}
