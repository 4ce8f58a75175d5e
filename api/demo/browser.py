"""A person of the demo, over HTTP: sends GraphQL, reads mails, opens links, sends forms."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

_LINK = re.compile(r"https?://\S+/decide/\S+")


class StoryError(Exception):
    """A step of the demo did not have the expected result."""


#: Seconds to wait for a mail.
MAIL_WAIT_SECONDS = 10.0


@dataclass
class Form(HTMLParser):
    """The form of a page: its address and its hidden fields."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the hidden fields."""
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes.get("action") or ""
        if tag == "input" and attributes.get("type") == "hidden" and attributes.get("name"):
            self.fields[attributes["name"] or ""] = attributes.get("value") or ""


class Person:
    """One person, with a token for GraphQL and a browser with cookies of its own."""

    def __init__(self, url: str, mailbox_url: str, email: str, token: str) -> None:
        self._url, self._mailbox_url = url, mailbox_url
        self.email, self._token = email, token
        self._browser = build_opener(HTTPCookieProcessor(CookieJar()))

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a GraphQL response."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        text, _ = self._fetch(Request(f"{self._url}/graphql", body, headers))
        answer: dict[str, Any] = json.loads(text)
        if answer.get("errors"):
            raise StoryError(answer["errors"][0]["message"])
        data: dict[str, Any] = answer["data"]
        return data

    def mail_with_link(self) -> str:
        """Return the link of the newest mail that has one, once it has arrived."""
        deadline = time.monotonic() + MAIL_WAIT_SECONDS
        while time.monotonic() < deadline:
            text, _ = self._fetch(Request(f"{self._mailbox_url}/api/messages?to={self.email}"))
            for message in json.loads(text):
                match = _LINK.search(message["text"] or "")
                if match is not None:
                    return match.group().rstrip(".>)")
            time.sleep(0.1)
        raise StoryError(f"no mail with a link for {self.email} arrived")

    def decide(self, link: str, verdict: str, comment: str) -> str:
        """Open the link, press the button; answers the page that comes back."""
        page, _ = self._fetch(Request(link))
        form = Form()
        form.feed(page)
        filled = {**form.fields, "verdict": verdict, "comment": comment}
        answer, _ = self._fetch(Request(urljoin(link, form.action), urlencode(filled).encode()))
        return answer

    def _fetch(self, request: Request) -> tuple[str, HTTPMessage]:
        with self._browser.open(request, timeout=10) as answer:
            return answer.read().decode(), answer.headers
