"""The page where a person confirms or denies that a device gets a session of theirs (RFC 8628)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.credentials import names_another, session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page, go, page
from api.web.sign_in.forms import fields_of
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.sessions import person_shown
from engine.commands.credentials.device_sign_in import DecideDevice, admit_attempt, find_undecided
from engine.model.device_codes import parse_user_code, spell_user_code
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal

PATH = "/device"
#: The purpose of the key that user codes are hashed with.
USER_CODES = "device-user-codes"
WRONG_USER_CODE = "This code does not fit, was used already, or has expired."
_DECISIONS = {"confirm": True, "deny": False}


class DevicePage:
    """Takes the code of a device, shows who asks, and takes the decision.

    A GET changes nothing and looks nothing up, also with a code in its address: whoever is sent
    such a link still has to press a button, and then reads who asks.
    """

    def __init__(
        self, runtime: Runtime, browser: Browser, limits: SignInLimits, key: bytes
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._limits = limits
        self._key = key

    async def answer(self, request: Request) -> Response:
        """Show the form for the code, or what the code belongs to, or decide on that."""
        principal = await session_of(self._runtime, request)
        if principal is None:
            return self._to_sign_in(request)
        if await names_another(self._runtime, request, principal):
            return error_page(request, "another", self._browser.root, 403)
        if request.method != "POST":
            return await self._show_form(request, principal, request.query_params.get("user_code"))
        if self._limits.types_too_often(request) or not await self._admit(principal):
            return error_page(request, "too_often", self._browser.root, 429)
        return await self._take(request, principal, await fields_of(request))

    async def _take(
        self, request: Request, principal: Principal, fields: Mapping[str, str]
    ) -> Response:
        """Show what a typed code belongs to, or decide on that."""
        typed, decision = fields.get("user_code", ""), _DECISIONS.get(fields.get("decision", ""))
        device = await self._runtime.read_as_system(
            lambda connection, now: find_undecided(connection, now, self._key, typed)
        )
        if device is None:
            return await self._show_form(request, principal, typed, WRONG_USER_CODE)
        if decision is None:
            return await self._show(request, principal, "device_confirm", device=device, code=typed)
        return await self._decide(request, principal, device, confirmed=decision)

    async def _admit(self, principal: Principal) -> bool:
        """Count another code that the user types; return False where there were too many."""
        user_id = principal.user_id
        return await self._runtime.change_as_system(
            lambda connection, now: admit_attempt(connection, now, user_id)
        )

    async def _decide(
        self, request: Request, principal: Principal, device: Row[Any], *, confirmed: bool
    ) -> Response:
        command = DecideDevice(authorization_id=device.id, confirmed=confirmed)
        try:
            await self._runtime.execute(principal, command)
        except Refusal as refusal:
            if refusal.code is not Code.WRONG_STATUS:
                raise
            return await self._show_form(request, principal, "", WRONG_USER_CODE)
        return await self._show(
            request, principal, "device_decided", device=device, confirmed=confirmed
        )

    async def _show_form(
        self, request: Request, principal: Principal, code: str | None, notice: str = ""
    ) -> Response:
        status = 422 if notice else 200
        return await self._show(
            request, principal, "device", status, code=code or "", notice=notice
        )

    async def _show(
        self, request: Request, principal: Principal, template: str, status: int = 200, **more: Any
    ) -> Response:
        values = await self._runtime.read_as_system(
            lambda connection, _now: person_shown(connection, principal)
        )
        parsed = parse_user_code(more.get("code", ""))
        code = spell_user_code(parsed) if parsed else ""
        return page(request, template, self._browser.root, status, **values | more | {"code": code})

    def _to_sign_in(self, request: Request) -> Response:
        """Redirect to sign in first, and then back to this page."""
        parsed = parse_user_code(request.query_params.get("user_code", ""))
        root = self._browser.root
        back = f"{root}{PATH}" + (f"?user_code={spell_user_code(parsed)}" if parsed else "")
        return go(f"{root}/sign-in?next={quote(back, safe='')}")
