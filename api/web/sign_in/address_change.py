"""The page behind the link that confirms a user's new e-mail address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page, page
from api.web.sign_in.limits import SignInLimits
from engine.commands.credentials.change_address import ConfirmAddress, find_change, is_live
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import Channel

#: The link ended, or its user was deactivated, between two looks.
ENDED = frozenset({Code.WRONG_STATUS, Code.NOT_FOUND})


class AddressChangePage:
    """The page that confirms a new e-mail address; a GET changes nothing, a POST does."""

    def __init__(
        self, runtime: Runtime, browser: Browser, limits: SignInLimits, key: bytes
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._limits = limits
        self._key = key

    async def answer(self, request: Request) -> Response:
        """Show the change of the address, or confirm it."""
        root, spelling = self._browser.root, request.path_params["spelling"]
        if self._limits.types_too_often(request):
            return error_page(request, "too_often", root, 429)
        row, may_confirm = await self._find(spelling)
        if row is None or not row.active:
            return error_page(request, "change_ended", root, 404)
        if request.method == "POST":
            return await self._confirm(request, row, spelling)
        if not may_confirm:
            return error_page(request, "change_ended", root, 404)
        return page(request, "address", root, row=row, done=False)

    async def _confirm(self, request: Request, row: Row[Any], spelling: str) -> Response:
        root = self._browser.root
        principal = Principal(
            account_id=row.account_id, user_id=row.user_id, channel=Channel.EMAIL, link_id=row.id
        )
        command = ConfirmAddress(user_id=row.user_id, spelling=spelling, key=self._key)
        try:
            await self._runtime.execute(principal, command)
        except Refusal as refusal:
            if refusal.code in ENDED:
                return error_page(request, "change_ended", root, 404)
            if refusal.code is not Code.NAME_TAKEN:
                raise
            said = refusal.message
            return page(request, "address", root, 409, row=row, done=False, notice=said)
        return page(request, "address", root, row=row, done=True)

    async def _find(self, spelling: str) -> tuple[Row[Any] | None, bool]:
        """Return the change that a link names, and whether it can be confirmed now."""

        def find(connection: Connection, now: datetime) -> tuple[Row[Any] | None, bool]:
            row = find_change(connection, self._key, spelling)
            return row, row is not None and is_live(connection, row, now)

        return await self._runtime.read_as_system(find)
