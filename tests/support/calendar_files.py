"""Calendar files as deliveries keep them."""

from datetime import UTC, datetime

from engine.persistence.db.canonical_json import canonical


def stored_calendar(**shown: str) -> str:
    """A file as deliveries keep it."""
    values = {
        "status": "CONFIRMED",
        "starts_at": "2030-06-03T13:00:00.000000Z",
        "ends_at": "2030-06-04T01:30:00.000000Z",
        "summary": "Falcon",
        "description": "spare, vault",
    }
    return canonical(
        {
            "uid": "1",
            "sequence": 3,
            "at": datetime(2030, 6, 3, 12, tzinfo=UTC),
            "shown": values | shown,
        }
    )
