"""The pages and endpoints for people, devices and pipelines, out of settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.routing import BaseRoute

from api.config.keys import link_key
from api.config.openid_providers import GroupSettings, OpenIdProvider
from api.config.settings import Settings
from api.graphql.ids import parse
from api.runtime.runtime import Runtime
from api.web.approval_pages.routes import email_action_routes
from api.web.oauth.answers import IssuedToken
from api.web.oauth.device_flow import GRANT_TYPE as DEVICE_GRANT
from api.web.oauth.device_flow import DeviceFlow
from api.web.oauth.routes import oauth_routes
from api.web.oauth.token_endpoint import TOKEN_EXCHANGE_GRANT, Grant
from api.web.sign_in.device_page import PATH as DEVICE_PATH
from api.web.sign_in.device_page import USER_CODES
from api.web.sign_in.openid.configured import OpenId, provider_path
from api.web.sign_in.openid.groups_claim import GroupRules
from api.web.sign_in.routes import sign_in_routes
from engine.model.group_rules import GroupRule
from notifications.links.keys import derive
from notifications.links.sign_in_links import PATH as SIGN_IN_PATH


def web_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """Return the routes of decision pages, of sign-in pages, and of the endpoints of OAuth 2.0."""
    devices = _device_flow(settings, runtime)
    return [
        *_email_routes(settings, runtime),
        *_auth_routes(settings, runtime),
        *oauth_routes(_grants(runtime, devices), devices),
    ]


def _email_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """Return the routes of the pages behind the links in mails."""
    return email_action_routes(runtime, link_key(settings), settings.public_url)


def _auth_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """Return the routes of the pages to sign in and out with."""
    assert runtime.browser is not None
    secret = settings.secret_key.get_secret_value()
    return sign_in_routes(runtime, runtime.browser, secret, openid=_openid_providers(settings))


def _openid_providers(settings: Settings) -> list[OpenId]:
    """Return the providers of OpenID Connect; none where it is not configured."""
    return [
        _openid_provider(name, provider, settings.public_url.rstrip("/"))
        for name, provider in settings.openid_providers().items()
    ]


def _openid_provider(name: str, settings: OpenIdProvider, public_url: str) -> OpenId:
    from api.web.sign_in.openid.provider import Client, Provider

    secret = settings.client_secret
    client = Client(
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        redirect_uri=f"{public_url}{provider_path(name)}/callback",
        auth_method=settings.auth_method,
        scope=settings.scope,
        signed_out_uri=f"{public_url}{SIGN_IN_PATH}",
    )
    label = settings.label or urlsplit(settings.issuer).hostname or settings.issuer
    return OpenId(
        provider=Provider(client),
        label=label,
        name=name,
        account=settings.account,
        groups=_group_rules(settings.groups),
    )


def _group_rules(settings: GroupSettings | None) -> GroupRules | None:
    if settings is None:
        return None
    rules = (
        GroupRule(group=rule.group, roles=rule.roles, teams=rule.teams) for rule in settings.rules
    )
    return GroupRules(claim=settings.claim, rules=tuple(rules))


def _device_flow(settings: Settings, runtime: Runtime) -> DeviceFlow:
    """Return what gives command lines their sessions."""
    key = derive(settings.secret_key.get_secret_value(), USER_CODES)
    return DeviceFlow(runtime, key, f"{settings.public_url.rstrip('/')}{DEVICE_PATH}")


def _grants(runtime: Runtime, devices: DeviceFlow) -> Mapping[str, Grant]:
    """Return what issues tokens at the token endpoint, by its `grant_type`."""

    @cache
    def exchange() -> Grant:
        # Imported at the first exchange: many servers never see one.
        from api.openid.trusted_issuers import TrustedIssuers
        from api.web.oauth.token_exchange import TokenExchange

        issuers = TrustedIssuers(allow_private=runtime.pipelines.allow_private)
        return TokenExchange(runtime, issuers, rule_id_of)

    async def redeem(request: Request, parameters: Mapping[str, str]) -> IssuedToken:
        return await exchange()(request, parameters)

    return {TOKEN_EXCHANGE_GRANT: redeem, DEVICE_GRANT: devices.redeem}


def rule_id_of(global_id: str) -> UUID | None:
    """Return the id of a pipeline rule; None for anything else."""
    parsed = parse(global_id)
    return parsed[1] if parsed is not None and parsed[0] == "PipelineRule" else None
