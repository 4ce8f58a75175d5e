"""The page behind View request: shows the whole request, and takes the approver's decision.

GET and HEAD change nothing, ever: scanners open every link, follow redirects and run scripts. The
page has no script, and only a POST with the page's own token decides: the token is bound to the
link and to a cookie that came with the page.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from api.config.safe_urls import is_safe
from api.runtime.credentials import person_of
from api.runtime.runtime import Runtime
from api.web.approval_pages.decision_notices import NOT_FROM_THE_PAGE, Notice, notice_of
from api.web.approval_pages.pages import FormState, WithHeaders, plain_page, request_page
from api.web.http.bodies import form_of
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.text import is_blank
from engine.model.vocabulary import Channel, Verdict
from engine.persistence.store.retry import OVERLOADED
from notifications.decisions.decide_by_link import DecideByLink
from notifications.decisions.link_page import LinkPage, open_link
from notifications.links import action_links
from notifications.links.sign_in_links import PATH as SIGN_IN

COOKIE = "countersign_decide"
#: Enough for a comment and a reason of the greatest length, of characters with four bytes each as
#: a form spells them.
MAX_BODY_BYTES = 256 * 1024
_COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_STATUS = {
    Code.INVALID_INPUT: 422,
    Code.OVERLOADED: 503,
    Code.STORAGE_FAILED: 503,
    Code.UNAUTHENTICATED: 403,
}
#: Refusals that say nothing of the link, and will pass.
_UNAVAILABLE = {Code.OVERLOADED, Code.STORAGE_FAILED}
_NO_NOTICE = Notice()


def email_action_routes(runtime: Runtime, link_key: bytes, public_url: str) -> list[BaseRoute]:
    """Return the routes of the links in mails, to be put at the root of the application."""
    actions = _Actions(runtime, link_key, public_url)
    app = Starlette(
        routes=[
            Route("/{spelling}", actions.answer, methods=["GET", "HEAD", "POST"]),
        ],
        exception_handlers={
            HTTPException: actions.show_error,
            Refusal: actions.show_refusal,
            Exception: actions.show_bug,
        },
    )
    app.router.redirect_slashes = False
    # Outside of the application's own handling of bugs, so that those answers have them too.
    return [Mount(action_links.PATH, app=WithHeaders(app))]


@dataclass(frozen=True, slots=True)
class Form:
    """What the page's form sends."""

    csrf: str
    verdict: Verdict
    #: What goes with an approval.
    comment: str
    #: Why it is rejected.
    reason: str
    revision: int | None

    @property
    def text(self) -> str:
        """What is said with the verdict: of a rejection the reason, wherever it was written."""
        if self.verdict is Verdict.APPROVE or is_blank(self.reason):
            return self.comment
        return self.reason

    @classmethod
    def of(cls, body: bytes) -> Form:
        """Read it; ValueError for anything the page would not send."""
        fields = dict(
            parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=10, strict_parsing=True)
            if body
            else ()
        )
        revision = fields.get("revision", "")
        return cls(
            csrf=fields.get("csrf", ""),
            verdict=Verdict(fields.get("verdict", "")),
            comment=fields.get("comment", "").replace("\r\n", "\n"),
            reason=fields.get("reason", "").replace("\r\n", "\n"),
            revision=int(revision) if re.fullmatch(r"[0-9]{1,9}", revision) else None,
        )


class _Actions:
    """Handles requests for a link: shows the page, and takes the decision."""

    def __init__(self, runtime: Runtime, link_key: bytes, public_url: str) -> None:
        self._runtime = runtime
        self._link_key = link_key
        self._csrf_key = hmac.digest(link_key, b"countersign:email-page", "sha256")
        parts = urlsplit(public_url)
        self._secure = parts.scheme == "https"
        # Over plain http browsers do not say which page a decision comes from.
        self._knows_sessions = is_safe(public_url)
        self._root = parts.path.rstrip("/")
        self._path = self._root + action_links.PATH

    async def answer(self, request: Request) -> Response:
        """Take the decision of a POST; show the page for any other method."""
        return await (self.decide if request.method == "POST" else self.show)(request)

    async def show(self, request: Request) -> Response:
        """Return the page; it reads, and never writes."""
        page = await self._open(request.path_params["spelling"])
        if page is None:
            return self._plain(request, "missing", 404)
        return await self._with_cookie(request, page, status=200)

    async def decide(self, request: Request) -> Response:
        """Take the decision, and return the page as it is afterwards."""
        try:
            form = Form.of(await _body(request))
        except ValueError:
            return self._plain(request, "malformed", 400)
        spelling, cookie = request.path_params["spelling"], _cookie(request)
        page = await self._open(spelling)
        if page is None:
            return self._plain(request, "missing", 404)
        if not self._is_from_the_page(page, cookie, form.csrf):
            return await self._with_cookie(request, page, 403, Notice((NOT_FROM_THE_PAGE,)), form)
        signed_in = await self._is_signed_in(request, page)
        refusal = await self._execute(page, form, signed_in=signed_in)
        after = await self._open(spelling)
        assert after is not None, "links are never deleted"
        if refusal is None:
            return await self._with_cookie(request, after, status=200)
        notice = notice_of(refusal, form.verdict, form.text, after)
        return await self._with_cookie(request, after, _STATUS.get(refusal.code, 409), notice, form)

    async def show_error(self, request: Request, error: Exception) -> Response:
        """Return a page for a request that no form and no link of ours sends."""
        assert isinstance(error, HTTPException)
        what = {404: "missing", 405: "method", 413: "too_large"}.get(error.status_code, "malformed")
        response = self._plain(request, what, error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def show_refusal(self, request: Request, error: Exception) -> Response:
        """Answer 503 where the service is overloaded, or its database is away or cannot store."""
        if not (isinstance(error, Refusal) and error.code in _UNAVAILABLE):
            raise error
        what = "overloaded" if error.message == OVERLOADED else "broken"
        response = self._plain(request, what, 503)
        response.headers["Retry-After"] = "5"
        return response

    async def show_bug(self, request: Request, _error: Exception) -> Response:
        """Starlette raises it again after this answer, so that it is logged."""
        return self._plain(request, "broken", 500)

    def _plain(self, request: Request, what: str, status: int) -> Response:
        return plain_page(what, self._root, _locale(request), status)

    async def _open(self, spelling: str) -> LinkPage | None:
        def query(connection: Connection, now: datetime) -> LinkPage | None:
            return open_link(connection, self._link_key, spelling, now)

        return await self._runtime.read_as_system(query)

    async def _is_signed_in(self, request: Request, page: LinkPage) -> bool:
        """Tell whether the browser is signed in as the approver, where that is required."""
        if not page.wants_session:
            return False
        person = await person_of(self._runtime, request)
        return person is not None and person.user_id == page.link.user_id

    async def _execute(self, page: LinkPage, form: Form, *, signed_in: bool) -> Refusal | None:
        link = page.link
        principal = Principal(
            account_id=link.account_id,
            user_id=link.user_id,
            channel=Channel.EMAIL,
            link_id=link.id,
        )
        command = DecideByLink(
            link_id=link.id,
            release_id=link.release_id,
            # Labels may have been edited since the link was made, and the page showed them.
            revision=link.revision if form.revision is None else form.revision,
            verdict=form.verdict,
            comment=form.text,
            signed_in=signed_in,
        )
        try:
            await self._runtime.execute(principal, command)
        except Refusal as refusal:
            return refusal
        return None

    def _csrf(self, link_id: UUID, cookie: str) -> str:
        digest = hmac.digest(self._csrf_key, link_id.bytes + cookie.encode("ascii"), "sha256")
        return urlsafe_b64encode(digest).decode("ascii")

    def _is_from_the_page(self, page: LinkPage, cookie: str | None, csrf: str) -> bool:
        if cookie is None:
            return False
        return hmac.compare_digest(self._csrf(page.link.id, cookie).encode(), csrf.encode())

    async def _with_cookie(
        self,
        request: Request,
        page: LinkPage,
        status: int,
        notice: Notice = _NO_NOTICE,
        form: Form | None = None,
    ) -> Response:
        cookie = _cookie(request) or secrets.token_urlsafe(32)
        path = f"{self._path}/{request.path_params['spelling']}"
        must_sign_in = page.wants_session and not await self._is_signed_in(request, page)
        query = urlencode({"next": path})
        state = FormState(
            csrf=self._csrf(page.link.id, cookie),
            comment=form.comment if form else "",
            reason=form.reason if form else "",
            rejecting=form is not None and form.verdict is Verdict.REJECT,
            sign_in=f"{self._root}{SIGN_IN}?{query}" if must_sign_in else None,
            must_be_safe=page.wants_session and not self._knows_sessions,
        )
        response = request_page(page, state, self._root, notice, status=status)
        response.set_cookie(
            COOKIE,
            cookie,
            path=path,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return response


def _cookie(request: Request) -> str | None:
    value = request.cookies.get(COOKIE, "")
    return value if _COOKIE_VALUE.fullmatch(value) else None


async def _body(request: Request) -> bytes:
    """A form's body within its limits; HTTPException otherwise."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    return await form_of(request, MAX_BODY_BYTES)


def _locale(request: Request) -> str:
    return request.headers.get("accept-language", "en").partition(",")[0].strip()
