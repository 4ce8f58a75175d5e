"""Sign-in by OpenID Connect: to the provider, back with an identity, and in if it is linked.

An identity that nobody here has yet is tied to a user once, by that user: signed in by mail, or
already. What the provider says of an address plays no part in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from api.openid.errors import ProviderError
from api.runtime.credentials import session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page, go, page
from api.web.sign_in.forms import fields_of, local_path
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.login_flow import IDENTITY_TO_LINK_COOKIE, LINK_IDENTITY_PATH, LoginFlow, Proof
from api.web.sign_in.openid.flow_cookies import FlowCookies, KeptFlow
from api.web.sign_in.openid.provider import Identity, Provider, new_flow
from api.web.sign_in.signed_cookie import SignedCookie
from engine.commands.credentials.identities import LinkIdentity
from engine.logs.log_throttle import LogThrottle
from engine.model.errors import Refusal
from engine.model.principal import Principal
from engine.model.text import name_key, normalize
from engine.model.vocabulary import SignInMethod
from engine.persistence.store import tables as t
from engine.persistence.store.loading.sign_in import people_with_identity

log = structlog.get_logger("countersign.openid")

PATH = "/sign-in/openid"
#: For how long an identity can be confirmed that is to be linked to a user.
IDENTITY_TO_LINK_SECONDS = 1800


class OpenIdSignIn:
    """The pages of sign-in by OpenID Connect."""

    def __init__(
        self,
        runtime: Runtime,
        browser: Browser,
        login_flow: LoginFlow,
        provider: Provider,
        secret: str,
        limits: SignInLimits,
        *,
        account: str | None,
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._login_flow = login_flow
        self._provider = provider
        self._limits = limits
        self._account = account
        self._failures = LogThrottle()
        self._flows = FlowCookies(browser, secret)
        self._pending = SignedCookie(secret, "openid-pending", IDENTITY_TO_LINK_SECONDS)

    async def leave(self, request: Request) -> Response:
        """Redirect to the provider; only this browser can come back from there."""
        if self._limits.travels_too_often(request):
            return error_page(request, "too_often", self._browser.root, 429)
        flow, begun_at = new_flow(), await self._now()
        try:
            url = await self._provider.leave_for(flow)
        except ProviderError as error:
            return self._failed(request, error)
        response = go(url)
        then = local_path(request.query_params.get("next"))
        self._flows.begin(request, response, KeptFlow(flow, begun_at, then))
        return response

    async def arrive(self, request: Request) -> Response:
        """Take the provider's response: sign in, or ask to confirm a new identity."""
        if self._limits.travels_too_often(request):
            return error_page(request, "too_often", self._browser.root, 429)
        answer = request.query_params
        state = answer.get("state", "")
        kept_flow = self._flows.find(request, state)
        if kept_flow is None:
            if await session_of(self._runtime, request) is not None:
                # Opened a second time, or ended by another tab: this browser is in already.
                return go(f"{self._browser.root}/sign-in")
            return self._failed(request, ProviderError("This browser did not begin the sign-in."))
        try:
            identity = await self._provider.identify(answer, kept_flow.flow)
        except ProviderError as error:
            response = self._failed(request, error)
        else:
            response = await self._let_in(request, identity, kept_flow)
        self._flows.end(response, state)
        return response

    async def _let_in(self, request: Request, identity: Identity, kept_flow: KeptFlow) -> Response:
        people = await self._people(identity, kept_flow.begun_at)
        if people:
            proof = Proof(people, SignInMethod.OPENID_CONNECT, kept_flow.begun_at)
            return await self._login_flow.enter(request, proof, kept_flow.then)
        return await self._ask_to_confirm(request, identity, kept_flow.begun_at)

    async def link(self, request: Request) -> Response:
        """Link the identity to the user who is signed in, if they confirm it."""
        # Read first: a session that ends while the form arrives ties nothing any more.
        fields = await fields_of(request) if request.method == "POST" else {}
        pending = self._pending.open(self._browser.read(request, IDENTITY_TO_LINK_COOKIE))
        if pending is not None and "begun_at" not in pending:
            pending = None  # of the version before this one
        principal = await session_of(self._runtime, request)
        home = go(f"{self._browser.root}/sign-in")
        if pending is None or principal is None:
            if pending is None:
                self._browser.take(home, IDENTITY_TO_LINK_COOKIE)
            return home
        person = await self._runtime.read_as_system(partial(_person, principal))
        values: dict[str, Any] = {"identity": pending, "user": person, "account": person.account}
        values["mark"] = _mark(pending)
        allowed = self._is_for(person.account)
        is_answer = fields.get("identity") == values["mark"]
        # Anything else only asks, or answers about the identity of another tab.
        if not is_answer or (fields.get("answer") == "yes" and not allowed):
            status = 200 if allowed else 403
            return page(request, "identity", self._browser.root, status, allowed=allowed, **values)
        if fields.get("answer") == "yes":
            command = LinkIdentity(
                issuer=pending["issuer"],
                subject=pending["subject"],
                begun_at=datetime.fromisoformat(pending["begun_at"]),
            )
            try:
                await self._runtime.execute(principal, command)
            except Refusal as refusal:
                values |= {"allowed": False, "notice": refusal.message}
                return page(request, "identity", self._browser.root, 409, **values)
        self._browser.take(home, IDENTITY_TO_LINK_COOKIE)
        return home

    async def _ask_to_confirm(
        self, request: Request, identity: Identity, begun_at: datetime
    ) -> Response:
        """Ask to confirm an identity: at once if signed in, otherwise after a sign-in by mail."""
        if await session_of(self._runtime, request) is not None:
            response = go(f"{self._browser.root}{LINK_IDENTITY_PATH}")
        else:
            values = {"address": identity.email or "", "issuer": identity.issuer}
            response = page(request, "first", self._browser.root, 200, **values)
        sealed = self._pending.seal(**asdict(identity), begun_at=begun_at.isoformat())
        self._browser.give(response, sealed, IDENTITY_TO_LINK_SECONDS, IDENTITY_TO_LINK_COOKIE)
        return response

    async def _now(self) -> datetime:
        return await self._runtime.read_as_system(lambda _connection, now: now)

    async def _people(self, identity: Identity, begun_at: datetime) -> Sequence[Row[Any]]:
        issuer, subject = identity.issuer, identity.subject
        return await self._runtime.read_as_system(
            lambda connection, _now: people_with_identity(
                connection, issuer, subject, begun_at, self._account
            )
        )

    def _is_for(self, account: str) -> bool:
        return self._account is None or name_key(normalize(self._account)) == name_key(account)

    def _failed(self, request: Request, error: ProviderError) -> Response:
        _, untold = self._failures.admit(error.why)
        if untold is not None:
            log.warning("openid_sign_in_failed", why=error.why, not_logged=untold, **error.values)
        return error_page(request, "openid", self._browser.root, 403, said=error.said)


def _mark(identity: dict[str, Any]) -> str:
    """Return a short hash that says which identity a form is about."""
    text = f"{identity['issuer']}\n{identity['subject']}"
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def _person(principal: Principal, connection: Connection, _now: datetime) -> Any:
    """Return the name and address of who is signed in, and the name of their account."""
    u, a = t.users, t.accounts
    query = sa.select(u.c.name, u.c.email, a.c.name.label("account"))
    query = query.join(a, a.c.id == u.c.account_id).where(u.c.id == principal.user_id)
    return connection.execute(query).one()
