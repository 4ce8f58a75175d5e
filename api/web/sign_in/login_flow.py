"""The end of every sign-in: choose the account, start the session, redirect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.credentials import session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page, go, page
from api.web.sign_in.forms import fields_of, local_path
from api.web.sign_in.known_browsers import KnownBrowsers
from api.web.sign_in.signed_cookie import SignedCookie
from engine.commands.credentials.sessions import LIFETIME, RevokeSession, StartSession
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import Channel, SignInMethod
from engine.persistence.db.ids import uuid7

#: For how long somebody who has signed in can choose between their accounts.
ACCOUNT_CHOICE_SECONDS = 600
#: The cookie of somebody who has signed in and has to choose an account.
PROOF_COOKIE = "proof"
#: The cookie of a browser that has asked for a mail to sign in with.
MAIL_SIGN_IN_COOKIE = "asking"
#: The cookie of an identity at a sign-in service that is to be linked to a user.
IDENTITY_TO_LINK_COOKIE = "identity"
#: The cookie of a browser in which a provider has proved the last sign-in.
PROVIDER_SIGN_IN_COOKIE = "provider"
#: The page that links it.
LINK_IDENTITY_PATH = "/sign-in/openid/link"


@dataclass(frozen=True, slots=True)
class Proof:
    """The users that a sign-in has proved somebody to be, one in each account."""

    people: Sequence[Row[Any]]
    method: SignInMethod
    #: When the sign-in began. It is worth nothing for whom was deactivated since.
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """The user whose session starts, and what proved who they are."""

    account_id: UUID
    user_id: UUID
    email: str
    method: SignInMethod
    begun_at: datetime
    #: What proved it, where that was an identity at a sign-in service.
    identity_id: UUID | None

    @classmethod
    def of(cls, proof: Proof, row: Row[Any]) -> _Person:
        return cls(
            account_id=row.account_id,
            user_id=row.id,
            email=row.email,
            method=proof.method,
            begun_at=proof.begun_at,
            identity_id=row._mapping.get("identity_id"),
        )


class LoginFlow:
    """Starts sessions: the one place that does."""

    def __init__(self, runtime: Runtime, browser: Browser, secret: str) -> None:
        self._runtime = runtime
        self._browser = browser
        self._known = KnownBrowsers(browser, secret)
        self._proofs = SignedCookie(secret, "sign-in-proof", ACCOUNT_CHOICE_SECONDS)

    async def enter(self, request: Request, proof: Proof, then: str | None) -> Response:
        """Start a session if the proof is of one user; otherwise redirect to the choice."""
        people = proof.people
        if not people:
            return error_page(request, "nobody", self._browser.root, 403)
        if len(people) == 1:
            (person,) = people
            return await self._start(request, _Person.of(proof, person), then)
        choices = [
            [str(person.account_id), str(person.id), person.account, person.name, person.email]
            for person in people
        ]
        response = go(f"{self._browser.root}/sign-in/account")
        # The session's id is chosen now, so that one proof starts one session.
        pending: dict[str, Any] = {"choices": choices, "method": proof.method, "then": then}
        pending |= {"session": str(uuid7()), "begun_at": proof.begun_at.isoformat()}
        identities = {str(person.id): person._mapping.get("identity_id") for person in people}
        pending["identities"] = {user: str(id_) for user, id_ in identities.items() if id_}
        self._browser.give(
            response, self._proofs.seal(**pending), ACCOUNT_CHOICE_SECONDS, PROOF_COOKIE
        )
        return response

    async def choose(self, request: Request) -> Response:
        """Show the accounts that the proof is good for, or start a session in the chosen one."""
        fields = await fields_of(request) if request.method == "POST" else {}
        proof = self._proofs.open(self._browser.read(request, PROOF_COOKIE))
        # The version before this one did not seal when the sign-in began.
        if proof is None or "begun_at" not in proof:
            return go(f"{self._browser.root}/sign-in")
        choices = {choice[1]: choice for choice in proof["choices"]}
        if request.method == "POST":
            chosen = choices.get(fields.get("user", ""))
            if chosen is not None:
                person, session_id = _chosen_person(proof, chosen), UUID(proof["session"])
                try:
                    return await self._start(request, person, proof["then"], session_id)
                except Refusal as refusal:
                    if refusal.code is not Code.NOT_FOUND:
                        raise
                    return error_page(request, "ended", self._browser.root, 404)
        return page(request, "accounts", self._browser.root, choices=proof["choices"])

    async def _start(
        self,
        request: Request,
        who: _Person,
        then: str | None,
        session_id: UUID | None = None,
    ) -> Response:
        """Start a session in place of the one that this browser may have had."""
        person = Principal(
            account_id=who.account_id,
            user_id=who.user_id,
            channel=Channel.DASHBOARD,
            signing_in=True,
        )
        agent = request.headers.get("user-agent", "")
        command = StartSession(
            method=who.method,
            user_agent=agent,
            session_id=session_id,
            identity_id=who.identity_id,
            address=who.email if who.method is SignInMethod.MAIL else None,
            begun_at=who.begun_at,
        )
        session = await self._runtime.execute(person, command)
        before = await session_of(self._runtime, request)
        if before is not None and before.session_id is not None:
            with suppress(Refusal):  # it ended meanwhile
                await self._runtime.execute(before, RevokeSession(session_id=before.session_id))
        root, browser = self._browser.root, self._browser
        waits = who.method is SignInMethod.MAIL and browser.read(request, IDENTITY_TO_LINK_COOKIE)
        path = f"{root}{LINK_IDENTITY_PATH}" if waits else local_path(then) or browser.home
        response = go(path)
        browser.give(response, session.secret, int(LIFETIME.total_seconds()))
        self._known.remember(request, response, who.email)
        # After a sign-in by mail there is no provider to sign out at.
        is_by_mail = who.method is SignInMethod.MAIL
        spent = (PROOF_COOKIE, MAIL_SIGN_IN_COOKIE, *([PROVIDER_SIGN_IN_COOKIE] * is_by_mail))
        for cookie in spent:
            browser.take(response, cookie)
        return response


def _chosen_person(proof: Mapping[str, Any], choice: Sequence[str]) -> _Person:
    """Return the chosen user of a signed proof."""
    account_id, user_id, _, _, email = choice
    identity = proof.get("identities", {}).get(user_id)
    return _Person(
        account_id=UUID(account_id),
        user_id=UUID(user_id),
        email=email,
        method=SignInMethod(proof["method"]),
        begun_at=datetime.fromisoformat(proof["begun_at"]),
        identity_id=UUID(identity) if identity else None,
    )
