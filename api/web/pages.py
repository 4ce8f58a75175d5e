"""Renders the sign-in pages: on the server, without scripts, in the language of the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.web.http.headers import page_headers
from notifications.content import texts
from notifications.content.clock_values import clock_values

_TEMPLATES = Path(__file__).parent / "templates"
FOLDERS = (_TEMPLATES / "sign_in", _TEMPLATES / "email", texts.HERE)
CSS = "".join(
    (_TEMPLATES / name).read_text("utf-8") for name in ("email/page.css", "sign_in/sign_in.css")
)
HEADERS = page_headers(CSS, {"img-src": "data:", "form-action": "'self'"})


def page(request: Request, template: str, root: str, status: int = 200, **values: Any) -> Response:
    """Return a rendered page; `root` is the path below which all pages are."""
    language = texts.language_of(_locale(request))
    context: dict[str, Any] = {
        **clock_values(FOLDERS, language, values.pop("zone", "UTC")),
        "language": language,
        "css": Markup(CSS),  # noqa: S704 - our own file
        "account": None,
        "notice": "",
        "root": root,
        **values,
    }
    # What the engine says is English; the catalogue may know it.
    context["notice"] = texts.catalogue(FOLDERS, language).gettext(context["notice"] or "")
    content = texts.environment(FOLDERS, language, "html").get_template(f"{template}.html")
    return HTMLResponse(content.render(context), status, HEADERS)


def error_page(
    request: Request, what: str, root: str, status: int, *, said: str | None = None
) -> Response:
    """Return a page that explains an error; `said` is the message of an OpenID provider."""
    return page(request, "trouble", root, status, what=what, said=said)


def go(path: str) -> Response:
    """Return a redirect to another page, by GET."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


def _locale(request: Request) -> str:
    return request.headers.get("accept-language", "en").partition(",")[0].strip()
