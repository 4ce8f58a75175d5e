"""The IDE: off unless it is wanted, and then held to what it says it loads."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from strawberry.http.ides import get_graphql_ide_html

from api.config.settings import Settings
from api.graphql.ide import ide_page
from tests.support.api import make_api
from tests.support.world import World

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_it_is_off_unless_it_is_wanted() -> None:
    assert Settings.model_fields["ide"].default is False


def test_its_policy_names_what_it_loads_and_nothing_else(small_world: World) -> None:
    api, runtime = make_api(small_world, ide=True)
    answer = api.client.get("/graphql", headers=PAGE)
    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    runtime.executor.shutdown()

    assert answer.status_code == 200
    # Where its scripts cannot be had, this is what stays.
    assert "The IDE is loaded from unpkg.com. If it does not appear" in answer.text
    assert "Loading..." not in answer.text
    tags = re.findall(r"<(?:script|link)\s[^>]*https://[^>]*>", answer.text)
    assert len(tags) >= 6
    for tag in tags:
        # Whoever serves these files can change none of them.
        assert 'integrity="sha384-' in tag
    urls = re.findall(r'(?:src|href)="(https://[^"]+)"', answer.text)
    scripts = [word for word in policy["script-src"].split() if word.startswith("https:")]
    styles = [word for word in policy["style-src"].split() if word.startswith("https:")]
    assert sorted(scripts + styles) == sorted(urls)
    (inline,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = b64encode(sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy["script-src"]
    assert "unsafe" not in policy["script-src"]
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"


def test_another_script_would_not_run() -> None:
    html = get_graphql_ide_html("graphiql")
    policy = ide_page(html).headers["content-security-policy"]
    changed = html.replace("Welcome", "Farewell")
    assert ide_page(changed).headers["content-security-policy"] != policy
