"""What the requests of an atomic group come to, of which all are granted or none (spec section 5).

Pure rules over the answers that each request would have by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from engine.signing.request import GROUP_REFUSED, KEY_IN_PROGRESS, Answer, Existing, Refused


def refuse_together(answers: Sequence[Answer], new_ids: Collection[UUID]) -> list[Answer] | None:
    """The answers to a group of which a request is refused, or None if all are granted.

    Args:
        answers: What each request would come to by itself.
        new_ids: The signatures that were reserved for the group just now.

    Returns:
        The refusals that the requests have by themselves, and `GROUP_REFUSED` for the signatures
        that would be new. Signatures of earlier calls stay what they are.
    """
    if new_ids:
        answers = [
            Refused(KEY_IN_PROGRESS) if _is_unfinished(answer, new_ids) else answer
            for answer in answers
        ]
    if not any(isinstance(answer, Refused) for answer in answers):
        return None
    return [
        Refused(GROUP_REFUSED)
        if not isinstance(answer, Refused) and answer.signature_id in new_ids
        else answer
        for answer in answers
    ]


def _is_unfinished(answer: Answer, new_ids: Collection[UUID]) -> bool:
    """Whether another call is making it: if that failed, the group would not be whole."""
    return (
        isinstance(answer, Existing) and not answer.settled and answer.signature_id not in new_ids
    )
