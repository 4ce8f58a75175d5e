"""The ASGI application: GraphQL and web pages over one runtime, and the worker beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from api.bootstrap import build_runtime, connected
from api.config.settings import Settings
from api.downloads.routes import download_routes
from api.graphql.endpoint import Endpoint
from api.graphql.limits.config import Limits
from api.graphql.schema import Schema, schema
from api.observability.exposition import exposed
from api.observability.requests import ObservedRequests
from api.runtime.draining import Draining, InFlight
from api.runtime.event_feed import EventFeed, Listener, feeding
from api.runtime.host_people import HostPeople
from api.runtime.runtime import Runtime
from api.web.dashboard.built_files import read_dashboard
from api.web.dashboard.routes import with_dashboard
from api.web.http.browser import Browser
from api.web.http.cross_origin import origins_of, shared_with
from api.web.http.headers import SecurityHeaders
from api.web.http.hosts import KnownHosts
from api.web.scim.routes import scim_routes
from api.web_routes import web_routes
from api.worker.services import build_usage_service
from api.worker.worker import run_worker
from engine.persistence.db.storage_faults import SENTENCES
from engine.persistence.db.writable import storage_fault
from engine.persistence.store.schema_version import is_current


def create_app(
    settings: Settings,
    *,
    worker: bool = True,
    host_people: HostPeople | None = None,
    listeners: Sequence[Listener] = (),
) -> Starlette:
    """Return the application, which serves while its lifespan runs.

    Args:
        settings: Of the service; nothing of the process, such as logging, is configured.
        worker: Whether the worker runs in this process.
        host_people: Who the people of an application are that mounts this one.
        listeners: Called with what is committed in this process.
    """
    feeds = tuple(EventFeed(listener) for listener in listeners)
    runtime = build_runtime(settings, host_people=host_people, listeners=feeds)
    in_flight = InFlight()
    root = Browser(settings.public_url).root
    dashboard = read_dashboard() if settings.dashboard else None
    pages = with_dashboard(_routes(settings, runtime), dashboard, root)
    app = Starlette(
        routes=pages.routes,
        middleware=_middleware(settings, runtime, in_flight),
        exception_handlers={404: pages.not_found},
        lifespan=_lifespan(settings, runtime, feeds, worker=worker),
    )
    # A redirect would repeat the Host header of the request, and secrets of the path with it.
    app.router.redirect_slashes = False
    app.state.ending, app.state.in_flight = runtime.ending, in_flight
    return app


def _routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    graphql = _graphql(settings, runtime)
    return [
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", graphql),
        Route("/healthz", _alive),
        Route("/readyz", _readiness(runtime)),
        *web_routes(settings, runtime),
        *download_routes(runtime, limits_of(settings)),
        *scim_routes(runtime, settings.public_url),
    ]


def _graphql(settings: Settings, runtime: Runtime) -> ASGIApp:
    origins = origins_of(settings.allowed_origins)
    endpoint = Endpoint(
        runtime,
        ide=settings.ide,
        limits=limits_of(settings),
        public_url=settings.public_url,
        allowed_origins=origins,
        schema=schema_of(settings),
    )
    return shared_with(endpoint, origins)


def _middleware(settings: Settings, runtime: Runtime, in_flight: InFlight) -> list[Middleware]:
    """Return what every request passes, the outermost first."""
    secure = settings.public_url.startswith("https:")
    return [
        Middleware(ObservedRequests, meter=runtime.meter, log_requests=settings.log_requests),
        Middleware(SecurityHeaders, secure=secure),
        Middleware(KnownHosts, public_url=settings.public_url, others=settings.allowed_hosts),
        Middleware(Draining, ending=runtime.ending, in_flight=in_flight),
    ]


def _lifespan(
    settings: Settings, runtime: Runtime, feeds: Sequence[EventFeed], *, worker: bool
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(build_usage_service(runtime).run(stop))]
        if worker:
            # It ends while requests do: one after the other they might not have the time.
            tasks.append(asyncio.create_task(run_worker(settings, runtime, runtime.ending)))
        registry, address = runtime.meter.registry, settings.metrics_address
        with exposed(registry, address), connected(runtime):
            async with feeding(feeds):
                yield
                stop.set()
                runtime.ending.set()
                await asyncio.gather(*tasks)

    return lifespan


async def _alive(_request: Request) -> Response:
    """Answer that the process runs."""
    return JSONResponse({"status": "ok"})


def _readiness(runtime: Runtime) -> Callable[[Request], object]:
    async def ready(_request: Request) -> Response:
        """Answer whether the database answers, has the tables of this version, and can store.

        Signers that are not ready are listed, but leave it ready: others still sign.
        """
        database = runtime.system.database

        def check() -> str | None:
            with database.reading() as connection:
                if not is_current(connection):
                    return "The database has not the tables that this version needs."
                fault = storage_fault(database, connection)
            return SENTENCES[fault] if fault is not None else None

        try:
            reason = await asyncio.wait_for(runtime.executor.read(check), timeout=3)
        except Exception:  # noqa: BLE001 - whatever keeps it from answering
            reason = "The database does not answer."
        if reason is None:
            signers = await asyncio.to_thread(runtime.signer_health.ready)
            states = {name: "ready" if up else "not ready" for name, up in signers.items()}
            return JSONResponse({"status": "ready"} | ({"signers": states} if states else {}))
        return JSONResponse({"status": "not ready", "reason": reason}, 503)

    return ready


def schema_of(settings: Settings) -> Schema:
    """Return the GraphQL schema, as a subgraph where that is switched on."""
    if settings.federation:
        from api.graphql.federation import build_subgraph

        return build_subgraph()
    return schema


def limits_of(settings: Settings) -> Limits:
    """Return the limits of the GraphQL endpoint."""
    return Limits(
        body_bytes=settings.graphql_body_bytes,
        depth=settings.graphql_depth,
        cost=settings.graphql_cost,
        seconds=settings.graphql_seconds,
        rate=settings.graphql_rate,
        burst=settings.graphql_burst,
        introspection=settings.introspection,
    )
