"""One keypair, team or user, by the id or by the name that people know it by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api

#: By field, the type, who it is in the world, and the names that find it.
CASES: dict[str, tuple[str, str, str, list[str]]] = {
    "keypair": ("Keypair", "vault", "alias", ["vault", " VAULT "]),
    "team": ("Team", "blue", "name", ["blue", "Blue"]),
    "user": ("User", "ann", "email", ["ann@example.com", "ANN@Example.COM"]),
}


def look_up(api: Api, field: str, **arguments: str) -> Any:
    declared = ", ".join(f"${name}: {'ID' if name == 'id' else 'String'}" for name in arguments)
    given = ", ".join(f"{name}: ${name}" for name in arguments)
    query = f"query ({declared}) {{ {field}({given}) {{ id }} }}"
    return api.ask("dev", query, **arguments)[field]


@pytest.mark.parametrize("field", CASES)
def test_it_is_found_by_its_id_and_by_its_name(api: Api, field: str) -> None:
    kind, whom, argument, names = CASES[field]
    id_ = api.id(kind, whom)
    assert look_up(api, field, id=id_) == {"id": id_}
    for name in names:
        assert look_up(api, field, **{argument: name}) == {"id": id_}


@pytest.mark.parametrize("field", CASES)
def test_what_the_account_does_not_have_is_null(api: Api, field: str) -> None:
    kind, _, argument, _ = CASES[field]
    other = api.id(kind, api.world.account_id)
    assert look_up(api, field, id=other) is None
    for name in ("nothing", "nobody@example.org", "", "\x00", "'; --"):
        assert look_up(api, field, **{argument: name}) is None


@pytest.mark.parametrize("field", CASES)
def test_exactly_one_of_the_two_is_asked_for(api: Api, field: str) -> None:
    kind, whom, argument, names = CASES[field]
    both = f'(id: "{api.id(kind, whom)}", {argument}: "{names[0]}")'
    for arguments in ("", both):
        answer = api.post("dev", f"{{ {field}{arguments} {{ id }} }}")
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "INVALID_INPUT"
        assert argument in error["message"]
