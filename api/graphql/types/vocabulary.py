"""What the values of closed sets are called, for pages to show."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from api.graphql.strawberry_compat import enum_values
from api.graphql.types.enums import (
    KeypairCategory,
    Permission,
    ReleaseAction,
    ReleaseStatus,
    ReleaseType,
)
from api.graphql.types.error_code import ErrorCode
from api.graphql.types.event_tag import EventTag
from api.graphql.types.factor_name import FactorName
from api.graphql.types.message_enums import DeliveryState, MessageKind
from api.graphql.types.subject_action import SubjectAction
from notifications.content.texts import language_of, vocabulary_in

#: By the name of a set of words, the enum that has its values.
ENUMS: dict[str, type[StrEnum]] = {
    "statuses": ReleaseStatus,
    "types": ReleaseType,
    "categories": KeypairCategory,
    "release_actions": ReleaseAction,
    "subject_actions": SubjectAction,
    "permissions": Permission,
    "tags": EventTag,
    "message_kinds": MessageKind,
    "delivery_states": DeliveryState,
    "factors": FactorName,
    "refusals": ErrorCode,
}


@strawberry.type(description="One value of an enum, with the words that people know it by.")
class Term:
    value: str = strawberry.field(description="The name of the value in its enum of the schema.")
    text: str = strawberry.field(
        description="The value as it is stored, and as fields that are strings have it, like"
        " `LedgerEntry.tag` and `Factor.name`; for most enums it is the name again."
    )
    title: str = strawberry.field(description="What people call the value, in one or a few words.")


@strawberry.type(
    description="What the values of the schema's enums are called in one language, in the order"
    " of each enum."
)
class Vocabulary:
    language: str = strawberry.field(
        description="The language of the titles: `de` for German locales, and `en` for all others."
    )
    statuses: list[Term] = strawberry.field(description="The values of `ReleaseStatus`.")
    types: list[Term] = strawberry.field(description="The values of `ReleaseType`.")
    categories: list[Term] = strawberry.field(description="The values of `KeypairCategory`.")
    release_actions: list[Term] = strawberry.field(description="The values of `ReleaseAction`.")
    subject_actions: list[Term] = strawberry.field(description="The values of `SubjectAction`.")
    permissions: list[Term] = strawberry.field(description="The values of `Permission`.")
    tags: list[Term] = strawberry.field(description="The values of `EventTag`.")
    message_kinds: list[Term] = strawberry.field(description="The values of `MessageKind`.")
    delivery_states: list[Term] = strawberry.field(description="The values of `DeliveryState`.")
    factors: list[Term] = strawberry.field(description="The values of `FactorName`.")
    refusals: list[Term] = strawberry.field(description="The values of `ErrorCode`.")

    @classmethod
    def of(cls, locale: str) -> Vocabulary:
        """The vocabulary in the language that a locale is written to in."""
        language = language_of(locale)
        words = vocabulary_in(language)
        terms = {name: _terms(enum, words[name]) for name, enum in ENUMS.items()}
        return cls(language=language, **terms)


def _terms(enum: type[StrEnum], words: dict[str, str]) -> list[Term]:
    return [
        Term(value=each.name, text=each.value, title=words.get(each.value, each.value))
        for each in enum_values(enum)
    ]
