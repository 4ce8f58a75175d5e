"""The mailbox as web pages and as JSON, without scripts and foreign content."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from api.web.http.headers import content_policy
from api.web.http.paths import path_below_mount
from api.web.mailbox.caught_mail import CaughtMail, MessageStore

HERE = Path(__file__).parent

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS = HEADERS | {
    "Content-Security-Policy": content_policy({"style-src": "'self'", "frame-src": "'self'"})
}
# A mail brings its own style and pictures, and no script, no form, no request to anybody. The
# sandbox is the document's own, so it holds also where the mail is opened outside of our page.
MAIL_HEADERS = HEADERS | {
    "Content-Security-Policy": content_policy(
        {
            "sandbox": "allow-popups allow-popups-to-escape-sandbox",
            "style-src": "'unsafe-inline'",
            "img-src": "data:",
            "frame-ancestors": "'self'",
            "base-uri": None,  # the mail's preamble has a base element
        }
    )
}
# Stands before all that the mail says, where the first base element wins: links open in a new tab.
MAIL_PREAMBLE = '<!doctype html><base target="_blank">'

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def mailbox_app(mailbox: MessageStore) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", show_mailbox, name="mailbox"),
            Route("/messages/{id}", show_message, name="message"),
            Route("/messages/{id}/html", show_html, name="html"),
            Route("/messages/{id}/raw", show_raw, name="raw"),
            Route("/api/messages", list_messages),
            Route("/api/messages/{id}", get_message),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ],
        exception_handlers={HTTPException: show_error},
    )
    app.router.redirect_slashes = False
    app.state.mailbox = mailbox
    return app


async def show_mailbox(request: Request) -> Response:
    mailbox, to = _mailbox(request), request.query_params.get("to")
    return _page(
        request,
        "mailbox.html",
        messages=mailbox.newest_first(to=to),
        recipients=mailbox.recipients(),
        to=to.casefold() if to else None,
    )


async def show_message(request: Request) -> Response:
    return _page(request, "message.html", message=_asked_for(request))


async def show_html(request: Request) -> Response:
    html = _asked_for(request).html
    if html is None:
        raise HTTPException(404, "This message has no HTML part.")
    return HTMLResponse(MAIL_PREAMBLE + html, headers=MAIL_HEADERS)


async def show_raw(request: Request) -> Response:
    return PlainTextResponse(_asked_for(request).raw, headers=PAGE_HEADERS)


async def list_messages(request: Request) -> Response:
    messages = _mailbox(request).newest_first(to=request.query_params.get("to"))
    return JSONResponse([_as_json(message) for message in messages], headers=HEADERS)


async def get_message(request: Request) -> Response:
    return JSONResponse(_as_json(_asked_for(request)), headers=HEADERS)


async def show_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for this one alone
    if path_below_mount(request.scope).startswith("/api/"):
        return JSONResponse({"error": error.detail}, error.status_code, headers=HEADERS)
    return _page(request, "error.html", error.status_code, reason=error.detail)


def _mailbox(request: Request) -> MessageStore:
    mailbox: MessageStore = request.app.state.mailbox
    return mailbox


def _asked_for(request: Request) -> CaughtMail:
    message = _mailbox(request).find(request.path_params["id"])
    if message is None:
        raise HTTPException(404, "No such message here, or not any more.")
    return message


def _page(request: Request, template: str, status_code: int = 200, **values: Any) -> Response:
    def url_for(name: str, **parameters: str) -> URL:
        # Starlette's own asks the router of the outermost application, wherever this is mounted.
        mounted_at = request.scope.get("root_path", "")
        return URL(f"{mounted_at}{request.app.url_path_for(name, **parameters)}")

    content = templates.get_template(template).render(url_for=url_for, **values)
    return HTMLResponse(content, status_code, headers=PAGE_HEADERS)


def _as_json(message: CaughtMail) -> dict[str, Any]:
    return {
        "id": message.id,
        "received_at": message.received_at.isoformat(),
        "from": message.sender,
        "to": message.recipients,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "headers": message.headers,
    }
