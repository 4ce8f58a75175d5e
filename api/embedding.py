"""What another application imports to mount Countersign below a path of its own.

    countersign = create_app(Settings(), host_people=HostPeople(authenticate=who))


    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with running(countersign):
            yield


    app = Starlette(routes=[Mount("/signing", countersign)], lifespan=lifespan)

The page on embedding has a whole example.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from api.app import create_app
from api.config.settings import Settings
from api.graphql.ids import from_global, to_global
from api.runtime.event_feed import CommittedEvent, Listener
from api.runtime.host_people import HostPeople, HostUser, NewUser

__all__ = [
    "CommittedEvent",
    "HostPeople",
    "HostUser",
    "Listener",
    "NewUser",
    "Settings",
    "create_app",
    "from_global",
    "running",
    "to_global",
]


@asynccontextmanager
async def running(app: Starlette) -> AsyncIterator[None]:
    """Run an application of `create_app` during the block: its worker, and what listens.

    An ASGI server starts and ends the lifespan of the outermost application alone, so this block is
    for that one's lifespan. At its end requests are refused, streams of events end, and the
    database is closed; the application cannot be run again.
    """
    async with app.router.lifespan_context(app):
        yield
