"""GraphQL over HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from api.graphql.context import Context
from api.graphql.http import answers
from api.graphql.http.body import Body, read_json, read_message
from api.graphql.http.events import Events, EventStream
from api.graphql.http.operation import read_operation
from api.graphql.ide import ide_page
from api.graphql.limits.config import Limits
from api.graphql.limits.reporting import cost_report, is_cost_requested, rate_headers
from api.graphql.limits.subscription_limiter import SubscriptionLimiter
from api.graphql.masking import apology, note
from api.graphql.schema import Schema, schema
from api.graphql.strawberry_compat import (
    BaseRequestProtocol,
    ExecutionResult,
    UnsetType,
    streaming_protocol,
)
from api.graphql.subscriptions.socket import Socket, SocketAdapter
from api.runtime.credentials import principal_of
from api.runtime.runtime import Runtime
from api.web.http.clients import client_of, is_confidential
from api.web.http.headers import wants_page
from api.web.http.origin import BRIEFLY, Origins
from api.web.http.rate_limit import Rates
from api.web.http.refusals import RefusedError, wrong_method
from api.web.http.websockets import refuse_socket
from engine.model.errors import Refusal


class Endpoint(GraphQL[Context, None]):
    """Strawberry's view with Countersign's context, limits and answers."""

    graphql_transport_ws_handler_class = Socket
    websocket_adapter_class = SocketAdapter
    stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: Events}  # noqa: RUF012 - as in the base

    def __init__(
        self,
        runtime: Runtime,
        *,
        ide: bool,
        limits: Limits | None = None,
        public_url: str | None = None,
        allowed_origins: Collection[str] = (),
        schema: Schema = schema,
    ) -> None:
        limits = limits or Limits()
        super().__init__(
            schema,
            graphql_ide="graphiql" if ide else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=timedelta(seconds=limits.init_seconds),
        )
        self._runtime = runtime
        self._limits = limits
        self._rates = Rates(limits.rate, limits.burst)
        self._followers = SubscriptionLimiter(limits.subscriptions)
        self._origins = Origins(public_url, allowed_origins)
        self.request_adapter_class = self._body  # type: ignore[assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer every request; a refusal has the form of GraphQL's errors."""
        if scope["type"] == "websocket":
            socket = WebSocket(scope, receive, send)
            if self._origins.refusal_of(socket):
                await refuse_socket(socket, BRIEFLY)
                return
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            self._check(request)
            response = await self._answer(request)
        except Exception as error:  # noqa: BLE001 - the last place where a bug can be masked
            response = answers.refusal(_request_error(error), _media_type(request))
        context: Context | None = getattr(request.state, "context", None)
        if context is not None:
            response.headers.update(rate_headers(self._limits, context.spent))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """Answer an operation that came by POST; GET, events and the IDE are the base's."""
        if request.method != "POST" or streaming_protocol(self, request.headers) is not None:
            return await self.run(request)
        body = await self._body(request).get_body()
        context = await self._context(request)
        operation = read_operation(read_json(body), "http")
        result = await self.schema.execute(
            operation.query, operation.variables, context, operation_name=operation.operation_name
        )
        response = answers.response_of(result)
        if is_cost_requested(operation.extensions):
            cost = cost_report(context.cost, self._limits, context.spent)
            response["extensions"] = {**(response.get("extensions") or {}), "cost": cost}
        return answers.answer(response, _media_type(request))

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Look up the caller, but not before the body is there.

        It takes as long as the client likes, within its limit, and a credential that ends meanwhile
        must not be used any more.
        """
        if isinstance(request, Request) and request.method == "POST":
            await self._body(request).get_body()
        return await self._context(request)

    async def _context(self, request: Request | WebSocket) -> Context:
        """Look up the caller of every request, so that a revocation holds at once."""
        look_up = partial(principal_of, self._runtime, request)
        request.state.context = context = Context(
            self._runtime,
            await look_up(),
            look_up,
            limits=self._limits,
            rates=self._rates,
            subscription_limiter=self._followers,
            address=client_of(request),
            is_confidential=is_confidential(request),
        )
        return context

    async def on_ws_connect(self, context: Context) -> UnsetType:
        """A WebSocket's credentials may come with its first message."""
        if await context.authenticate() is None and context.connection_params:
            raise ConnectionRejectionError({"code": "UNAUTHENTICATED"})
        return UnsetType()

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Return a response that carries the media type to where the answer is made."""
        return Response(media_type=_media_type(request))

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Show the IDE to browsers alone; programs that forget the query get an error."""
        shows_ide = bool(self.graphql_ide) and wants_page(request.headers)
        return shows_ide and super().should_render_graphql_ide(request)

    async def render_graphql_ide(self, request: Request) -> Response:
        """Return the page of the IDE with its security headers."""
        return ide_page(self.graphql_ide_html)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        """Allow all: a foreign origin was refused before it came here."""
        return True

    def _body(self, request: Request) -> Body:
        return Body(request, self._limits)

    def decode_json(self, data: str | bytes) -> Any:
        """Return a WebSocket's message as JSON; its size is limited like that of a body."""
        try:
            return read_message(data, self._limits.body_bytes)
        except RefusedError as refused:
            # Strawberry would end the connection without the reason.
            return refused

    def encode_json(self, data: object) -> str:
        """Return JSON as text, which WebSocket clients expect."""
        return answers.encode(data).decode()

    def parse_json(self, data: str | bytes) -> Any:
        """Return a part of a query string as JSON."""
        return read_json(data)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """Return the operation of a request, from its body or its query string."""
        if request.method == "GET":
            message: Any = self.parse_query_params(request.query_params)
        else:
            message = read_json(await request.get_body())
        return read_operation(message, streaming_protocol(self, request.headers) or "http")

    async def process_result(
        self, request: Request, result: ExecutionResult
    ) -> GraphQLHTTPResponse:
        """Return the response to an operation."""
        return answers.response_of(result)

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """Answer with the status and media type that GraphQL over HTTP requires."""
        assert not isinstance(response_data, list), "batches are refused"
        return answers.answer(response_data, sub_response.media_type or answers.JSON)

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """Stream events until the client, the operation or the server ends."""
        return EventStream(stream(), headers, self._runtime.ending)

    def _check(self, request: Request) -> None:
        """Check the headers of a request before its body is read."""
        if request.method not in {"GET", "POST"}:
            raise wrong_method()
        if refused := self._origins.refusal_of(request):
            raise refused
        if request.method == "POST":
            _check_content(request.headers)
        elif not self.graphql_ide and not request.query_params and wants_page(request.headers):
            message = "Ask in GraphQL, by POST. COUNTERSIGN_IDE=true shows an IDE here."
            raise RefusedError(400, "BAD_REQUEST", message)


def _check_content(headers: Mapping[str, str]) -> None:
    # A page of another site can send a form or plain text unasked, but not JSON.
    kind, charset = _media_type_and_charset(headers.get("content-type", ""))
    if kind != answers.JSON:
        message = "Send the operation as `Content-Type: application/json`."
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", message)
    if charset not in {"", "utf-8", "utf8"}:
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the operation in UTF-8.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the body uncompressed.")


@lru_cache(64)
def _media_type_and_charset(content_type: str) -> tuple[str, str]:
    """Both in lower case; the charset is empty where none is named.

    Parameters are separated by semicolons, and one may stand at the end with nothing behind it
    (RFC 9110, section 5.6.6).
    """
    kind, *parameters = content_type.lower().split(";")
    named = (parameter.strip().partition("=") for parameter in parameters)
    charsets = [value.strip(' "') for name, _, value in named if name == "charset"]
    return kind.strip(), charsets[0] if charsets else ""


def _media_type(request: Request | WebSocket) -> str:
    return answers.media_type(request.headers.get("accept", ""))


def _request_error(error: Exception) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, Refusal):
        # While the credential was looked up, there is no operation to answer yet.
        refused = RefusedError(503, error.code, error.message)
        refused.headers["Retry-After"] = "2"
        return refused
    if not isinstance(error, HTTPException):
        id_ = note(error)
        return RefusedError(500, "BUG", apology(id_), id=id_)
    return RefusedError(error.status_code, "BAD_REQUEST", error.reason)
