"""Sign-in by mail: ask for a link, then open it in the same browser or type its code there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.http.clients import client_of
from api.web.pages import error_page, go, page
from api.web.sign_in.forms import fields_of, local_path
from api.web.sign_in.known_browsers import KnownBrowsers
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.login_flow import MAIL_SIGN_IN_COOKIE, LoginFlow, Proof
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.signed_cookie import SignedCookie
from engine.logs.log_throttle import LogThrottle
from engine.model import addresses
from engine.model.errors import Refusal
from engine.model.text import normalize
from engine.model.vocabulary import SignInMethod
from engine.persistence.store.loading.sign_in import people_with_address
from notifications.links import sign_in_links as links

log = structlog.get_logger("countersign.sign_in")
WRONG_CODE = "This code does not fit. Look at it again, or ask for a new mail."


class MailSignIn:
    """The pages of sign-in by mail. No response says whether anybody has an address."""

    def __init__(
        self,
        runtime: Runtime,
        browser: Browser,
        login_flow: LoginFlow,
        keys: tuple[str, bytes],
        limits: SignInLimits,
        *,
        openid: Sequence[OpenId],
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._login_flow = login_flow
        secret, self._key = keys
        self._limits = limits
        self._openid = openid
        self._known = KnownBrowsers(browser, secret)
        self._withheld = LogThrottle()
        self._cookie = SignedCookie(secret, "sign-in-asking", int(links.LIFETIME.total_seconds()))

    def form(self, request: Request, notice: str = "", status: int = 200, **more: str) -> Response:
        """Return the page that asks for an address."""
        then, address = local_path(request.query_params.get("next")) or "", invited(request)
        values: dict[str, Any] = {"openid": self._openid, "address": address, "then": then, **more}
        return page(request, "ask", self._browser.root, status, notice=notice, **values)

    async def ask(self, request: Request) -> Response:
        """Ask for a mail; the response and the work for it are the same for every address."""
        fields = await fields_of(request)
        typed, then = normalize(fields.get("address", "")), local_path(fields.get("next"))
        try:
            address = addresses.require(typed, international=True).stored
        except Refusal as refusal:
            return self.form(request, refusal.message, 422, address=typed, then=then or "")
        if self._limits.asks_too_often(request):
            return error_page(request, "too_often", self._browser.root, 429)
        known = self._cookie.open(self._browser.read(request, MAIL_SIGN_IN_COOKIE)) or {}
        secret = known.get("secret") or secrets.token_urlsafe(32)
        if not self._is_exhausted(request, address):
            await self._runtime.change_as_system(
                lambda db, now: links.request(db, address, secret, now)
            )
        response = go(f"{self._browser.root}/sign-in/code")
        sealed = self._cookie.seal(secret=secret, then=then)
        self._browser.give(response, sealed, self._cookie.seconds, MAIL_SIGN_IN_COOKIE)
        return response

    def _is_exhausted(self, request: Request, address: str) -> bool:
        """Return whether an address gets no more mails now, which is counted and logged."""
        known = self._known.id_for(request, address)
        limit = self._limits.exhausted(address, client_of(request), known)
        if limit is None:
            return False
        self._runtime.meter.sign_in_mail_withheld(limit)
        # A short digest tells two addresses apart without logging them.
        digest = hashlib.sha256(address.casefold().encode()).hexdigest()[:12]
        _, not_logged = self._withheld.admit((limit, digest))
        if not_logged is not None:
            log.warning(
                "sign_in_mail_withheld", limit=limit, address_digest=digest, not_logged=not_logged
            )
        return True

    async def code(self, request: Request) -> Response:
        """Show the page of the browser that asked for a mail, and take the mail's code there."""
        asking = self._sign_in_asked_for(request)
        if asking is None:
            return go(f"{self._browser.root}/sign-in")
        if request.method != "POST":
            return page(request, "code", self._browser.root)
        typed = (await fields_of(request)).get("code", "")
        if self._limits.types_too_often(request):
            return error_page(request, "too_often", self._browser.root, 429)

        def use(db: Connection, now: datetime) -> Proof | None:
            row = links.use_code(db, self._key, asking["secret"], typed, now)
            return None if row is None else _proof_of(db, row)

        proof = await self._runtime.change_as_system(use)
        if proof is None:
            return page(request, "code", self._browser.root, 422, notice=WRONG_CODE)
        return await self._login_flow.enter(request, proof, asking["then"])

    async def link(self, request: Request) -> Response:
        """Show what a link does, or sign in: only in the browser that asked for the mail."""
        row = await self._find(request.path_params["spelling"])
        if row is None:
            return error_page(request, "ended", self._browser.root, 404)
        asking = self._sign_in_asked_for(request)
        if asking is None or not links.is_requesting_browser(row, asking["secret"]):
            status = 200 if request.method != "POST" else 403
            code = links.code_of(self._key, row)
            return page(request, "elsewhere", self._browser.root, status, code=code, row=row)
        if request.method != "POST":
            return page(request, "link", self._browser.root, row=row)

        def use(db: Connection, now: datetime) -> Proof | None:
            used = links.use(db, row.id, asking["secret"], now)
            return _proof_of(db, row) if used else None

        proof = await self._runtime.change_as_system(use)
        if proof is None:
            return error_page(request, "ended", self._browser.root, 404)
        return await self._login_flow.enter(request, proof, asking["then"])

    def _sign_in_asked_for(self, request: Request) -> dict[str, Any] | None:
        return self._cookie.open(self._browser.read(request, MAIL_SIGN_IN_COOKIE))

    async def _find(self, spelling: str) -> Row[Any] | None:
        return await self._runtime.read_as_system(
            lambda connection, now: links.find(connection, self._key, spelling, now)
        )


def _proof_of(db: Connection, row: Row[Any]) -> Proof:
    """Return the users that a used sign-in proves somebody to be."""
    people = people_with_address(db, row.address, row.created_at)
    return Proof(people, SignInMethod.MAIL, row.created_at)


def invited(request: Request) -> str:
    """Return the address that an invitation's link fills in, or nothing where it names none."""
    address = addresses.parse(request.query_params.get("address", ""))
    return address.stored if address is not None else ""
