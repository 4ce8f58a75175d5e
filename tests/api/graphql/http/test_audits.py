"""GraphQL over HTTP, as other people's audit suite sees it."""

import json

import pytest

from tests.support.node import run_node

# The first of them installs what the lock file pins.
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def test_every_audit_of_graphql_http_passes(server: str) -> None:
    results = json.loads(run_node("audits.mjs", f"{server}/graphql"))

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
