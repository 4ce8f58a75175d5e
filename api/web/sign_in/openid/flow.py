"""Sign-in by OpenID Connect: to the provider, back with an identity, and in if it is linked.

An identity that nobody here has yet is tied to a user once, by that user: signed in by mail, or
already. What the provider says of an address plays no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.openid.errors import ProviderError
from api.runtime.credentials import session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page, go
from api.web.sign_in.forms import local_path
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.login_flow import LoginFlow, Proof
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.flow_cookies import FlowCookies, KeptFlow
from api.web.sign_in.openid.groups_claim import groups_of
from api.web.sign_in.openid.link_page import LinkPage
from api.web.sign_in.openid.provider import Authentication, Identity, new_flow
from api.web.sign_in.openid.provider_sign_ins import ProviderSignIn, ProviderSignIns
from engine.commands.administration.follow_groups import FollowGroups
from engine.logs.log_throttle import LogThrottle
from engine.model.group_rules import roles_by_rule, teams_by_rule
from engine.model.principal import Principal
from engine.model.vocabulary import Channel, SignInMethod
from engine.persistence.store.loading.sign_in import people_with_identity

log = structlog.get_logger("countersign.openid")


class OpenIdSignIn:
    """The pages of sign-in at one provider."""

    def __init__(
        self,
        runtime: Runtime,
        browser: Browser,
        login_flow: LoginFlow,
        openid: OpenId,
        secret: str,
        limits: SignInLimits,
        link_page: LinkPage,
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._login_flow = login_flow
        self._openid = openid
        self._limits = limits
        self._link_page = link_page
        self._failures = LogThrottle()
        self._flows = FlowCookies(browser, secret, openid.name)
        self._sign_ins = ProviderSignIns(browser, secret)

    async def leave(self, request: Request) -> Response:
        """Redirect to the provider; only this browser can come back from there."""
        if self._limits.travels_too_often(request):
            return error_page(request, "too_often", self._browser.root, 429)
        flow, begun_at = new_flow(), await self._now()
        try:
            url = await self._openid.provider.leave_for(flow)
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
                return go(self._browser.home)
            return self._failed(request, ProviderError("This browser did not begin the sign-in."))
        try:
            authentication = await self._openid.provider.identify(answer, kept_flow.flow)
        except ProviderError as error:
            response = self._failed(request, error)
        else:
            response = await self._let_in(request, authentication, kept_flow)
        self._flows.end(response, state)
        return response

    async def _let_in(
        self, request: Request, authentication: Authentication, kept_flow: KeptFlow
    ) -> Response:
        identity, begun_at = authentication.identity, kept_flow.begun_at
        people = await self._people(identity, begun_at)
        if not people:
            return await self._link_page.ask(request, self._openid.name, identity, begun_at)
        if self._openid.groups is not None:
            try:
                await self._follow_groups(people[0], authentication.claims, begun_at)
            except ProviderError as error:
                return self._failed(request, error)
        proof = Proof(people, SignInMethod.OPENID_CONNECT, begun_at)
        response = await self._login_flow.enter(request, proof, kept_flow.then)
        sign_in = ProviderSignIn(self._openid.name, authentication.id_token)
        self._sign_ins.remember(response, sign_in)
        return response

    async def _follow_groups(
        self, person: Row[Any], claims: Mapping[str, Any], begun_at: datetime
    ) -> None:
        """Give the person the roles and teams that their groups stand for.

        With groups a provider is for one account, in which an identity is one person's.
        """
        assert self._openid.groups is not None
        claim, rules = self._openid.groups.claim, self._openid.groups.rules
        groups = groups_of(claims, claim)
        command = FollowGroups(
            source=self._openid.label,
            roles=roles_by_rule(rules, groups),
            teams=teams_by_rule(rules, groups),
            begun_at=begun_at,
            identity_id=person.identity_id,
        )
        principal = Principal(
            account_id=person.account_id,
            user_id=person.id,
            channel=Channel.DASHBOARD,
            signing_in=True,
        )
        unknown = await self._runtime.execute(principal, command)
        if unknown:
            log.warning(
                "openid_groups_name_nothing", provider=self._openid.label, names=list(unknown)
            )

    async def _now(self) -> datetime:
        return await self._runtime.read_as_system(lambda _connection, now: now)

    async def _people(self, identity: Identity, begun_at: datetime) -> Sequence[Row[Any]]:
        issuer, subject, account = identity.issuer, identity.subject, self._openid.account
        return await self._runtime.read_as_system(
            lambda connection, _now: people_with_identity(
                connection, issuer, subject, begun_at, account
            )
        )

    def _failed(self, request: Request, error: ProviderError) -> Response:
        _, untold = self._failures.admit(error.why)
        if untold is not None:
            log.warning(
                "openid_sign_in_failed",
                provider=self._openid.label,
                why=error.why,
                not_logged=untold,
                **error.values,
            )
        return error_page(request, "openid", self._browser.root, 403, said=error.said)
