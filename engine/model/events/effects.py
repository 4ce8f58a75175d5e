"""Which events leave every fact as it was on which signatures are decided, but for counts.

Whoever has read these facts and finds only such entries in the ledger since then need not read them
again (`engine.signing.account_facts`). An event is here only if its command changes nothing else.
"""

from __future__ import annotations

from engine.model.events.base import Event
from engine.model.events.pipelines import PipelineTokenIssued
from engine.model.events.refusals import AttemptRefused
from engine.model.events.releases import QuotaReached
from engine.model.events.signatures import SignatureDropped, SignatureMade

#: Signatures change how many are used and reserved, which is read under its lock each time.
FACT_PRESERVING_EVENTS: tuple[type[Event], ...] = (
    SignatureMade,
    SignatureDropped,
    QuotaReached,
    AttemptRefused,
    # A new token is of a caller whose facts nobody has read yet.
    PipelineTokenIssued,
)
FACT_PRESERVING_TAGS = frozenset(event.tag for event in FACT_PRESERVING_EVENTS)


def preserves_facts(event: Event) -> bool:
    """Whether all facts but counts are what they were before the event."""
    return event.tag in FACT_PRESERVING_TAGS
