"""What follows on a proof, whichever it was: choose the account, start the session, go on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.auth.browser import Browser
from api.auth.forms import fields_of, local_path
from api.auth.known_browsers import KnownBrowsers
from api.auth.pages import go, page, trouble
from api.auth.sealed import Seal
from api.credentials import session_of
from api.runtime import Runtime
from engine.commands.sessions import LIFETIME, EndSession, StartSession
from engine.errors import Code, Refusal
from engine.persistence.ids import uuid7
from engine.principal import Principal
from engine.vocabulary import Channel, SignInMethod

#: Seconds to choose an account in.
CHOOSING = 600
PROOF = "proof"
#: While a mail to sign in with is on its way.
ASKING = "asking"
#: While an identity waits to be linked, this is where one goes on to.
PENDING = "identity"
PENDING_PATH = "/sign-in/openid/link"


@dataclass(frozen=True, slots=True)
class _Person:
    """Whose session starts."""

    account_id: UUID
    user_id: UUID
    email: str
    #: What proved it, where that was an identity at a sign-in service.
    identity_id: UUID | None

    @classmethod
    def of(cls, row: Row[Any]) -> _Person:
        return cls(row.account_id, row.id, row.email, row._mapping.get("identity_id"))


class Entrance:
    """The one place where sessions start."""

    def __init__(self, runtime: Runtime, browser: Browser, secret: str) -> None:
        self._runtime = runtime
        self._browser = browser
        self._known = KnownBrowsers(browser, secret)
        self._proofs = Seal(secret, "sign-in-proof", CHOOSING)

    async def enter(
        self, request: Request, people: Sequence[Row[Any]], method: SignInMethod, then: str | None
    ) -> Response:
        """In, if the proof is of one user; else to the choice of the account."""
        if not people:
            return trouble(request, "nobody", self._browser.root, 403)
        if len(people) == 1:
            (person,) = people
            return await self._start(request, _Person.of(person), method, then)
        choices = [
            [str(one.account_id), str(one.id), one.account, one.name, one.email] for one in people
        ]
        response = go(f"{self._browser.root}/sign-in/account")
        # The session's id is told beforehand: so one proof starts one session.
        told: dict[str, Any] = {"choices": choices, "method": method, "then": then}
        told["session"] = str(uuid7())
        identities = {str(one.id): one._mapping.get("identity_id") for one in people}
        told["identities"] = {user: str(id_) for user, id_ in identities.items() if id_}
        proof = self._proofs.seal(**told)
        self._browser.give(response, proof, CHOOSING, PROOF)
        return response

    async def choose(self, request: Request) -> Response:
        """The choice between the accounts that the proof holds for."""
        fields = await fields_of(request) if request.method == "POST" else {}
        proof = self._proofs.open(self._browser.read(request, PROOF))
        if proof is None:
            return go(f"{self._browser.root}/sign-in")
        choices = {choice[1]: choice for choice in proof["choices"]}
        if request.method == "POST":
            chosen = choices.get(fields.get("user", ""))
            if chosen is not None:
                identity = proof.get("identities", {}).get(chosen[1])
                identity_id = UUID(identity) if identity else None
                person = _Person(UUID(chosen[0]), UUID(chosen[1]), chosen[4], identity_id)
                method, session_id = SignInMethod(proof["method"]), UUID(proof["session"])
                try:
                    return await self._start(request, person, method, proof["then"], session_id)
                except Refusal as refusal:
                    if refusal.code is not Code.NOT_FOUND:
                        raise
                    return trouble(request, "ended", self._browser.root, 404)
        return page(request, "accounts", self._browser.root, choices=proof["choices"])

    async def _start(
        self,
        request: Request,
        who: _Person,
        method: SignInMethod,
        then: str | None,
        session_id: UUID | None = None,
    ) -> Response:
        """A new session in place of the one this browser may have had."""
        person = Principal(
            account_id=who.account_id,
            user_id=who.user_id,
            channel=Channel.DASHBOARD,
            signing_in=True,
        )
        agent = request.headers.get("user-agent", "")
        command = StartSession(
            method=method, user_agent=agent, session_id=session_id, identity_id=who.identity_id
        )
        made = await self._runtime.execute(person, command)
        before = await session_of(self._runtime, request)
        if before is not None and before.session_id is not None:
            with suppress(Refusal):  # it ended meanwhile
                await self._runtime.execute(before, EndSession(session_id=before.session_id))
        root, browser = self._browser.root, self._browser
        waits = method is SignInMethod.MAIL and browser.read(request, PENDING)
        path = f"{root}{PENDING_PATH}" if waits else local_path(then) or f"{root}/sign-in"
        response = go(path)
        browser.give(response, made.secret, int(LIFETIME.total_seconds()))
        self._known.remember(request, response, who.email)
        for spent in (PROOF, ASKING):
            browser.take(response, spent)
        return response
