"""What the e-mail action pages look like: templates, their one style sheet, and their headers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.approval_pages.decision_notices import Notice
from api.web.http.headers import page_headers
from notifications.content import texts
from notifications.content.clock_values import clock_values
from notifications.content.durations import largest_units
from notifications.decisions.link_page import LinkPage, LinkState

FOLDER = Path(__file__).parents[1] / "templates" / "email"
FOLDERS = (FOLDER, texts.HERE)
CSS = (FOLDER / "page.css").read_text("utf-8")

#: On every answer, errors too. No script may run, wherever it would come from.
HEADERS = page_headers(CSS, {"img-src": "data:", "form-action": "'self'"}) | {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TONES = {
    LinkState.OPEN: "ask",
    LinkState.CHANGED: "ask",
    LinkState.APPROVED: "good",
    LinkState.REJECTED: "bad",
    LinkState.EXPIRED: "bad",
    LinkState.STOPPED: "bad",
}


class WithHeaders:
    """Middleware that adds the headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to the response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """The form of the page, as it is filled in already."""

    #: The form's own token, which protects it against forged requests.
    csrf: str
    #: The comment as it was written already, if the page asks again.
    comment: str = ""
    #: The same for the reason of a rejection.
    reason: str = ""
    #: Whether the second step of a rejection is open.
    rejecting: bool = False
    #: The page to sign in at first, in place of the form.
    sign_in: str | None = None
    #: Whether signing in would be of no use, because sessions do not work over plain HTTP.
    must_be_safe: bool = False


def request_page(
    page: LinkPage, form: FormState, root: str, notice: Notice, *, status: int = 200
) -> HTMLResponse:
    """Return the page that shows a request, with the form where the link can still decide.

    Args:
        page: What the link shows.
        form: The form as it is filled in.
        root: The path below which the service is.
        notice: What the page begins with.
        status: The status of the HTTP response.
    """
    if page.request is None:
        return plain_page("void", root, page.user.locale, 200 if status == 200 else 403)
    language = texts.language_of(page.user.locale)
    environment = texts.environment(FOLDERS, language, "html")
    words = texts.catalogue(FOLDERS, language)
    values: dict[str, Any] = {
        **_values(page),
        **clock_values(FOLDERS, language, page.user.time_zone),
        "language": language,
        "root": root,
        "css": Markup(CSS),  # noqa: S704 - our own file
        "tone": _tone(page),
        "notice": " ".join(map(words.gettext, notice.sentences)),
        "refusal": notice.refusal,
        **asdict(form),
    }
    content = environment.get_template("request.html").render(values)
    return HTMLResponse(content, status)


def _values(page: LinkPage) -> dict[str, Any]:
    """Return the parts of the page by the names that templates use."""
    cause = page.cause
    return {
        "standing": page.standing,
        "otherwise": page.otherwise,
        "account": page.account,
        "user": page.user,
        "release": page.request,
        "approval": page.approval,
        "own": page.own,
        "compared_with": page.compared_with,
        "changes": page.changes,
        "cause": cause,
        "who": (cause and cause["actor"]) or "?",
        "quoted": page.own["comment"] if page.own else cause and cause["reason"],
        "is_own_request": page.is_own_request,
        "is_requester": page.is_requester,
        "is_of_former_address": page.is_of_former_address,
        **_timing(page),
    }


def _timing(page: LinkPage) -> dict[str, Any]:
    """Return how long the window lasts, and how far its edges are away, in units of time."""
    assert page.request is not None
    starts_at, ends_at = page.request["starts_at"], page.request["ends_at"]
    return {
        "lasts": largest_units(ends_at - starts_at),
        "has_begun": starts_at <= page.now,
        "opens_in": largest_units(starts_at - page.now),
        "open_for": largest_units(page.now - starts_at),
        "closes_in": largest_units(ends_at - page.now),
    }


def plain_page(what: str, root: str, locale: str, status: int) -> HTMLResponse:
    """Return a page that explains an error and shows no release."""
    language = texts.language_of(locale)
    template = texts.environment(FOLDERS, language, "html").get_template("gone.html")
    values = {"what": what, "root": root, "language": language, "account": None}
    css = Markup(CSS)  # noqa: S704 - our own file
    return HTMLResponse(template.render(values, css=css), status)


def _tone(page: LinkPage) -> str:
    if page.own is not None:
        return "good" if page.own["verdict"] == "APPROVE" else "bad"
    return _TONES.get(page.standing, "plain")
