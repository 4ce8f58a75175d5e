"""Checks that the public URL leads to this service."""

from __future__ import annotations

import httpx2

from api.doctor.report import CheckResult, failed, passed

NAME = "public URL answers"
#: Seconds.
_TIMEOUT = 5.0
_LONGEST_TOLD = 200
_NOBODY = (
    "Start `countersign serve`, and look at the name, the proxy in front and its certificate:"
    " links in mails lead there."
)
_ELSEWHERE = "Something else answers there: look at COUNTERSIGN_PUBLIC_URL and at the proxy."


def check_public_url(public_url: str) -> CheckResult:
    """Request `/healthz` at the public URL, as a browser would."""
    url = f"{public_url.rstrip('/')}/healthz"
    try:
        answer = httpx2.get(url, timeout=_TIMEOUT, follow_redirects=False)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        said = str(error)[:_LONGEST_TOLD] or type(error).__name__
        return failed(NAME, f"Nobody answers at {url} ({said}).", _NOBODY)
    if answer.status_code != 200 or _status(answer) != "ok":
        return failed(NAME, f"{url} answered {answer.status_code}, and not as we do.", _ELSEWHERE)
    return passed(NAME, f"{url} answers.")


def _status(answer: httpx2.Response) -> object:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document.get("status") if isinstance(document, dict) else None
