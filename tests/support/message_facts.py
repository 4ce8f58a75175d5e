"""Facts of a message as the outbox stores them, complete enough for every kind of message."""

from datetime import UTC, datetime
from typing import Any

from notifications.content.stored_facts import store_facts

STARTS = datetime(2030, 6, 3, 13, tzinfo=UTC)
ENDS = datetime(2030, 6, 4, 1, 30, tzinfo=UTC)
RELEASE = {
    "id": "01a2094b-e7a7-7531-801a-1e238f7f6f66",
    "name": "Falcon",
    "version": "1.0",
    "note": None,
    "type": "OFFLINE",
    "category": "STANDARD",
    "with_default_certificate": False,
    "team": "blue",
    "keypairs": ["spare", "vault"],
    "participants": [],
    "requested_by": "Dev",
    "starts_at": STARTS,
    "ends_at": ENDS,
    "max_signatures": 5,
    "signatures_used": 2,
    "status": "PENDING",
    "revision": 1,
}
EVENT = {
    "tag": "release:requested",
    "at": datetime(2030, 6, 3, 12, tzinfo=UTC),
    "actor": "Dev",
    "channel": "API",
    "reason": None,
    "changes": [
        {"field": "ends_at", "before": STARTS, "after": ENDS},
        {"field": "roles", "before": [], "after": ["LEAD"]},
        {"field": "active", "before": True, "after": False},
        {"field": "keypair_ids"},
    ],
    "percent": 80,
    "used": 4,
    "maximum": 5,
    "early": False,
    "widened": True,
}
APPROVAL = {
    "required": 2,
    "received": 1,
    "remaining": 1,
    "decisions": [
        {"name": "Ann", "verdict": "APPROVE", "comment": "Fine.", "at": STARTS, "channel": "EMAIL"}
    ],
}


def facts(**changes: Any) -> str:
    """Facts of a request, some of them different."""
    release = RELEASE | changes.pop("release", {})
    event = EVENT | changes.pop("event", {})
    return store_facts(
        {
            "account": "Acme",
            "self_approval": False,
            "release": release,
            "event": event,
            "approval": APPROVAL,
            "subject": {"kind": "Team", "name": "blue", "email": "blue@example.com"},
            "channel": "email",
            "error": "550 No such user",
            "sign_in": "/sign-in?address=blue%40example.com",
            "certificate": {"subject": "CN=Acme", "expires_at": ENDS, "is_default": True},
            "days_left": 7,
            "addresses": {"before": "a@example.com", "after": "b@example.com"},
        }
        | changes
    )
