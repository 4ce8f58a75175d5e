"""What is sent to the SCIM endpoints of a process that has answered nothing yet."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from scim2_server.service import ScimService

from api.web.scim import resources


@pytest.mark.parametrize(
    ("resource", "filter_"),
    [
        ("User", 'userName eq "zoe@example.com"'),
        ("User", 'externalId eq "00u1"'),
        ("Group", 'displayName eq "Blue"'),
    ],
)
def test_a_provider_may_begin_with_a_search(resource: str, filter_: str) -> None:
    # Models of their own: those of this process may have been completed by what came before.
    fresh: dict[str, Any] = runpy.run_path(resources.__file__)
    service = ScimService(fresh["build_provider"]())
    types = [type_ for type_ in service.provider.resource_types if type_.name == resource]
    search, _ = service.read_search_query(types, {"filter": filter_})
    assert str(search.filter) == filter_
