"""The limits that the documents name are those of the program."""

from __future__ import annotations

import re
from dataclasses import asdict

from api.config.settings import PREFIX, Settings
from api.graphql.limits.config import Limits
from api.graphql.limits.literals import DIGITS
from api.graphql.mutations.signing_inputs import MAX_DIGESTS
from api.graphql.queries.nodes import MAX_NODES
from api.graphql.types.filter_values import MAX_FILTER_VALUES
from engine.persistence.db.pagination import MAX_PAGE_SIZE
from engine.queries.buckets import MAX_BUCKETS
from engine.queries.text_search import SEARCH_LENGTH
from notifications.webhooks.base import MAX_ACTIVE_WEBHOOKS
from tests.docs.documents import DOCS

OF_OPERATIONS = re.compile(r"^\| `(\w+)` \| .+ \| ([\d,]+) \|(?: `(\w+)`)? \|$", re.MULTILINE)
OF_ARGUMENTS = re.compile(r"^\| .+ \| ([\d,]+)(?: [a-z ]+)? \|$", re.MULTILINE)
#: How long a request may take to arrive, before it is an operation; and what is no number.
NOT_LISTED = {"body_seconds", "init_seconds", "introspection"}


def section() -> str:
    _, _, rest = (DOCS / "api.md").read_text(encoding="utf-8").partition("## Limits")
    return rest


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_every_limit_of_an_operation_is_listed_with_its_number() -> None:
    listed = {name: number(value) for name, value, _ in OF_OPERATIONS.findall(section())}
    limits = {name: value for name, value in asdict(Limits()).items() if name not in NOT_LISTED}
    assert listed == limits | {"digits": DIGITS}


def test_the_settings_of_limits_are_listed_with_their_defaults() -> None:
    listed = {name: number(value) for _, value, name in OF_OPERATIONS.findall(section()) if name}
    assert listed == {
        f"{PREFIX}{name.upper()}": field.default
        for name, field in Settings.model_fields.items()
        if name.startswith("graphql_")
    }


def test_the_limits_of_arguments_are_those_of_the_code() -> None:
    _, _, table = section().partition("| argument |")
    listed = [number(value) for value in OF_ARGUMENTS.findall(table)]
    assert listed == [
        MAX_PAGE_SIZE,
        MAX_NODES,
        MAX_FILTER_VALUES,
        SEARCH_LENGTH,
        MAX_DIGESTS,
        MAX_BUCKETS,
        MAX_ACTIVE_WEBHOOKS,
    ]
