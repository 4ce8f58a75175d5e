"""A site with the OAuth endpoints beside its sign-in pages."""

from collections.abc import AsyncIterator

import pytest

from api.web.oauth.device_flow import GRANT_TYPE, DeviceFlow
from api.web.oauth.routes import oauth_routes
from api.web.sign_in.device_page import USER_CODES
from notifications.links.keys import derive
from tests.api.web.sign_in.site import PUBLIC, SECRET, Site, open_site
from tests.support.world import World


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """The pages, GraphQL and the OAuth endpoints, on both databases."""
    async with open_site(world) as opened:
        key = derive(SECRET, USER_CODES)
        devices = DeviceFlow(opened.runtime, key, f"{PUBLIC}/device")
        opened.app.router.routes.extend(oauth_routes({GRANT_TYPE: devices.redeem}, devices))
        yield opened
