"""The ASGI application: every face over one runtime, and the worker beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from api.bootstrap import build_runtime, connected, email_routes
from api.graphql.endpoint import Endpoint
from api.runtime import Runtime
from api.settings import Settings
from api.worker import run_worker
from engine.persistence.migrate import is_current


def create_app(settings: Settings, *, worker: bool = True) -> Starlette:
    """The application, with the worker in its process unless told otherwise."""
    runtime = build_runtime(settings)
    endpoint = Endpoint(runtime, ide=settings.ide)
    return Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", endpoint),
            Route("/healthz", _alive),
            Route("/readyz", _readiness(runtime)),
            *email_routes(settings, runtime),
        ],
        lifespan=_lifespan(settings, runtime, worker=worker),
    )


def _lifespan(
    settings: Settings, runtime: Runtime, *, worker: bool
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(settings, runtime, stop)) if worker else None
        with connected(runtime):
            yield
            stop.set()
            if task is not None:
                await task

    return lifespan


async def _alive(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def _readiness(runtime: Runtime) -> Callable[[Request], object]:
    async def ready(_request: Request) -> Response:
        """The database answers, and has the tables this version needs."""

        def check() -> bool:
            with runtime.system.database.reading() as connection:
                return is_current(connection)

        try:
            current = await asyncio.wait_for(runtime.executor.read(check), timeout=3)
        except Exception:  # noqa: BLE001 - whatever keeps it from answering
            current = False
        status = "ready" if current else "not ready"
        return JSONResponse({"status": status}, status_code=200 if current else 503)

    return ready
