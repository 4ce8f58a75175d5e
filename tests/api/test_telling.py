"""What an operator sets of the telling reaches those who do it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from api.bootstrap import build_runtime, connected
from api.worker.build import (
    build_orphaned_deliveries,
    build_relays,
    build_reminders,
    build_retention,
)
from notifications.content.writer import Reader
from notifications.outbox.outbox import Outbox
from notifications.vocabulary import MessageKind
from tests.api.test_app import settings
from tests.support.message_facts import facts


def test_patience_reminders_templates_and_retention(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "approved.j2").write_text(
        "{% extends layout %}{% block subject %}Go: {{ release.name }}{% endblock %}"
    )
    more: dict[str, Any] = {
        "delivery_retry_hours": 3,
        "delivery_retention_days": 7,
        "reminder_share": 0.25,
        "link_days": 5,
        "templates": tmp_path,
    }
    environment = settings(database_url, **more)
    runtime = build_runtime(environment)

    with connected(runtime):
        relays = build_relays(environment, runtime)
        assert {relay._policy.give_up_after for relay in relays} == {timedelta(hours=3)}
        message = relays[0]._preparer._renderer.render(MessageKind.APPROVED, facts(), Reader())
        assert message.subject == "Go: Falcon"
        reminders, (outbox, _) = (
            build_reminders(environment, runtime),
            runtime.system.event_handlers,
        )
        assert reminders._rhythm.share == 0.25
        assert reminders._link_lifetime == timedelta(days=5)
        assert isinstance(outbox, Outbox)
        assert outbox._link_lifetime == timedelta(days=5)
        assert runtime.message_settings is not None
        assert runtime.message_settings.link_lifetime == timedelta(days=5)
        assert build_orphaned_deliveries(runtime)._channels == ["email", "webhook"]
        retention = build_retention(environment, runtime)
        assert retention is not None
        assert retention._retention == timedelta(days=7)
        for_ever = settings(database_url, delivery_retention_days=0)
        assert build_retention(for_ever, runtime) is None


def test_a_folder_of_templates_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        settings("sqlite://", templates=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("public", "warned"),
    [
        ("https://countersign.example.com", False),
        ("http://localhost:8000", False),
        ("http://countersign.internal", True),
    ],
)
def test_plain_http_is_warned_of_at_the_start(database_url: str, public: str, warned: bool) -> None:
    environment = settings(database_url, public_url=public)

    with structlog.testing.capture_logs() as logs, connected(build_runtime(environment)):
        pass

    assert ("public_url_without_tls" in [line["event"] for line in logs]) is warned
