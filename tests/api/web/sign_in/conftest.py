"""The sign-in pages over a world, with a mail server: everything but the clock is real."""

from collections.abc import AsyncIterator

import pytest

from tests.api.web.sign_in.site import Site, open_site
from tests.support.world import World


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """The pages, GraphQL and a mail server, on both databases."""
    async with open_site(world) as opened:
        yield opened
