"""The GraphQL IDE, for a browser: Strawberry's page, which may load what it names and no more."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse

from api.web.http.headers import content_policy, sha256_base64

#: What the page shows until its scripts are there; for good where they cannot be had.
_LOADING = "Loading..."
_WITHOUT_INTERNET = (
    "The IDE is loaded from unpkg.com. If it does not appear, this browser cannot reach that"
    " address: send operations to this one with any GraphQL client, by POST."
)
_LOADED = re.compile(r'<(script|link)\s[^>]*?(?:src|href)="(https://[^"]+)"')
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def ide_page(html: str) -> HTMLResponse:
    """Its scripts come from a public network, each checked against its hash; its words stay."""
    assert _LOADING in html, "Strawberry's page has changed: look where it says that it loads"
    html = html.replace(_LOADING, f"<p>{_WITHOUT_INTERNET}</p>")
    loaded: dict[str, list[str]] = {"script": [], "link": []}
    for kind, url in _LOADED.findall(html):
        loaded[kind].append(url)
    inline = (f"'sha256-{sha256_base64(script)}'" for script in _INLINE.findall(html))
    policy = {
        "script-src": " ".join([*loaded["script"], *inline]),
        # Its editor places things by style attributes.
        "style-src": " ".join([*loaded["link"], "'unsafe-inline'"]),
        "font-src": "data:",
        "img-src": "data:",
        "connect-src": "'self'",
    }
    return HTMLResponse(html, headers={"Content-Security-Policy": content_policy(policy)})
