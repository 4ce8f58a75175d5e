"""`/scim/v2`: authenticates a request, and hands it to the SCIM library."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError
from scim2_models import (
    BaseModel,
    Context,
    InvalidSyntaxException,
    PatchOp,
    PatchOperation,
    PayloadTooLargeException,
    Resource,
    ResourceType,
    SCIMException,
    SearchRequest,
    UnauthorizedException,
)
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation
from scim2_server.service import ScimService, scim_exception_of
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.credentials import principal_of
from api.runtime.runtime import Runtime
from api.web.http.bodies import IncompleteError, TooLargeError, TooSlowError, body_of
from api.web.http.clients import client_of
from api.web.http.rate_limit import TokenBuckets
from api.web.scim.errors import TooManyRequestsException, translated
from api.web.scim.resources import build_provider
from api.web.scim.storage import DirectoryStorage
from engine.concurrency.executor import Executor
from engine.model.principal import Principal

ModelT = TypeVar("ModelT", bound=BaseModel)
Result = TypeVar("Result")

#: Bytes; a group of ten thousand members has about as many.
MAX_BODY_BYTES = 2 * 1024 * 1024
#: Items of all lists of a body: to validate some of them takes milliseconds for each.
MAX_ITEMS = 20_000
#: Attributes of one object: a PATCH looks up each for a fraction of a millisecond.
MAX_ATTRIBUTES = 100
#: Operations of a PATCH: each takes as long as the resource is large, and adds to it.
MAX_PATCH_OPERATIONS = 100
#: Characters of a path, and of a text that an attribute gets.
MAX_PATCH_TEXT_LENGTH = 1000
#: Characters of a search in JSON: its filter, and the names of the attributes to return.
MAX_SEARCH_LENGTH = 20_000
_NO_TOKEN = "Send an API token of a user who manages users, as Authorization: Bearer."  # noqa: S105


class BoundedService(ScimService):
    """The SCIM library's service for one request, with limits on what its body may cost."""

    #: The validated body, or its fault, once it was read.
    _body: BaseModel | SCIMException | None = None

    def read_ahead(self, request: ScimRequest) -> None:
        """Decode and validate the body, which the handler then only takes.

        A fault is raised there, too, after those that the library finds before it.
        """
        with suppress(SCIMException):
            operation = self.match(request).operation
            read = {
                Operation.create: self.read_creation,
                Operation.replace: self.read_replacement,
                Operation.patch: self.read_patch,
            }.get(operation)
            if read is not None:
                endpoint = self.route(request, operation).endpoint
                resource_type = self.resource_type_at(endpoint or "")
                read(resource_type, request.body, request.header("Content-Type"))

    def read_body(
        self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context
    ) -> ModelT:
        """Return the validated body; refuses one that would take too long to validate."""
        if self._body is None:
            self._body = self._validated(model, body, content_type, scim_ctx)
        if isinstance(self._body, SCIMException):
            raise self._body
        assert isinstance(self._body, model)
        return self._body

    def _validated(
        self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context
    ) -> ModelT | SCIMException:
        try:
            document = self.decode_body(body, content_type)
            if scim_ctx is Context.RESOURCE_PATCH_REQUEST:
                _check_patch(document)
            _check_size(document)
            return model.model_validate(document, scim_ctx=scim_ctx)
        except ValidationError as error:
            return scim_exception_of(error)
        except SCIMException as error:
            return error

    def read_search(
        self, resource_types: list[ResourceType], payload: Any
    ) -> tuple[SearchRequest[Any], Any]:
        """Read a search; refuses one that is too long before its filter is parsed."""
        if len(json.dumps(payload)) > MAX_SEARCH_LENGTH:
            message = f"A search has at most {MAX_SEARCH_LENGTH} characters. Send a shorter filter."
            raise PayloadTooLargeException(detail=message)
        return super().read_search(resource_types, payload)


class OffLoopHandler(AsyncScimHandler):
    """The SCIM library's handler, which reads and patches without holding up the event loop.

    A large group takes a second of computing to validate, and a PATCH of it several.
    """

    def __init__(
        self, service: BoundedService, storage: DirectoryStorage, executor: Executor
    ) -> None:
        super().__init__(service, storage)
        self._service = service
        self._executor = executor

    async def handle(self, request: ScimRequest) -> ScimResponse:
        """Serve a request, once its body is validated."""
        if request.body:
            with self._service.provider:
                await self._compute(self._service.read_ahead, request)
        return await super().handle(request)

    async def patch_resource(
        self,
        resource_type: ResourceType,
        resource_id: str,
        patch_op: PatchOp[Any],
        conditions: Conditions,
    ) -> Resource[Any]:
        """Apply a validated PATCH to a stored resource, and return the stored result."""
        current = await self.storage.get(resource_type, resource_id)
        assert current.meta is not None
        version = current.meta.version
        patched = await self._compute(self.service.apply_patch, current, patch_op, conditions)
        if patched is None:
            return current
        updated: Resource[Any] = await self.storage.update(
            resource_type, patched, expected_version=version
        )
        return updated

    async def _compute(self, step: Callable[..., Result], *arguments: Any) -> Result:
        # The library keeps its provider in a context variable.
        return await self._executor.compute(partial(copy_context().run, step, *arguments))


def _check_size(document: object) -> None:
    """Refuse a document whose lists have too many items together, or an object too many members."""
    number, unseen = 0, [document]
    while unseen:
        value = unseen.pop()
        if isinstance(value, list):
            number += len(value)
            unseen += value
        elif isinstance(value, dict):
            if len(value) > MAX_ATTRIBUTES:
                message = (
                    f"An object has at most {MAX_ATTRIBUTES} attributes; one has {len(value)}."
                )
                raise PayloadTooLargeException(detail=f"{message} Leave out what is not used.")
            unseen += value.values()
    if number > MAX_ITEMS:
        message = f"The lists of a request have at most {MAX_ITEMS} values; here are {number}."
        raise PayloadTooLargeException(detail=f"{message} Send several requests.")


def _check_patch(document: object) -> None:
    """Refuse a PATCH with too many operations, or with too long a path.

    This is looked at first: the time to validate what is removed grows with the square of the
    number of values, and that to validate a path by seconds for each megabyte.
    """
    operations = operations_of(document)
    number = sum(map(_number_of_values, operations))
    if number > MAX_PATCH_OPERATIONS:
        message = (
            f"A PATCH has at most {MAX_PATCH_OPERATIONS} operations, and each value that is"
            f" removed counts as one; this one has {number}. Send several requests."
        )
        raise PayloadTooLargeException(detail=message)
    if any(map(_has_long_text, operations)):
        message = (
            f"The path or the value of an operation has more than {MAX_PATCH_TEXT_LENGTH}"
            " characters. Send several operations."
        )
        raise PayloadTooLargeException(detail=message)


def operations_of(document: object) -> list[dict[str, Any]]:
    """Return the operations of a PATCH that was not validated yet.

    Names are not looked at, since the library takes many spellings of each: whatever list of
    objects the document has is one of operations.
    """
    members = document.values() if isinstance(document, dict) else ()
    lists = [member for member in members if isinstance(member, list)]
    return [item for list_ in lists for item in list_ if isinstance(item, dict)]


def _number_of_values(operation: dict[str, Any]) -> int:
    """Return how often an operation looks through the resource: for each value it removes."""
    texts = {value.lower() for value in operation.values() if isinstance(value, str)}
    is_removal = PatchOperation.Op.remove.value in texts
    values = [len(value) for value in operation.values() if isinstance(value, list | dict)]
    return max([1, *values]) if is_removal else 1


def _has_long_text(operation: dict[str, Any]) -> bool:
    texts = (value for value in operation.values() if isinstance(value, str))
    return any(len(text) > MAX_PATCH_TEXT_LENGTH for text in texts)


class ScimEndpoint:
    """Answers a provider that has an API token."""

    def __init__(self, runtime: Runtime, base_url: str, limit: TokenBuckets | None = None) -> None:
        """Take what requests are answered with.

        Args:
            runtime: The engine.
            base_url: The root of the SCIM endpoints, as clients see it.
            limit: How often a client may ask.
        """
        self._runtime = runtime
        self._base_url = base_url
        self._provider = build_provider()
        # A first synchronization sends a request for each person.
        self._limit = limit or TokenBuckets(rate=50, burst=2000)

    async def answer(self, request: Request) -> Response:
        """Return a response of SCIM, or an error of SCIM."""
        try:
            response = await self._handle(request)
        except SCIMException as error:
            response = BoundedService(self._provider).error_response(error)
        body = b"" if response.body is None else json.dumps(response.body).encode()
        headers = {"Cache-Control": "no-store"} | response.headers
        return Response(body, int(response.status), headers)

    async def _handle(self, request: Request) -> ScimResponse:
        if self._limit.wait(client_of(request)) > 0:
            raise TooManyRequestsException(detail="Too many requests. Try again in a minute.")
        scim_request = ScimRequest(
            method=request.method,
            base_url=self._base_url,
            path=f"/{request.path_params.get('path', '')}",
            query=dict(request.query_params),
            headers=[(name, value) for name, value in request.headers.items()],
        )
        operation = BoundedService.match(scim_request).operation
        if operation is Operation.service_provider_config:
            # RFC 7643, section 5: how to authenticate is there to be read before that.
            return await self._handler(None, operation).handle(scim_request)
        if "authorization" not in request.headers:
            raise UnauthorizedException(detail=_NO_TOKEN)
        # Read first: a token that is revoked while the body arrives does nothing any more.
        scim_request.body = await _read_body(request)
        principal = await self._authenticate(request)
        return await self._handler(principal, operation).handle(scim_request)

    async def _authenticate(self, request: Request) -> Principal:
        principal = await translated(principal_of(self._runtime, request))
        if principal is None or principal.token_id is None:
            raise UnauthorizedException(detail=_NO_TOKEN)
        return principal

    def _handler(self, principal: Principal | None, operation: Operation) -> AsyncScimHandler:
        keeps_omitted = operation is Operation.replace
        storage = DirectoryStorage(self._runtime, principal, keeps_omitted=keeps_omitted)
        return OffLoopHandler(BoundedService(self._provider), storage, self._runtime.executor)


async def _read_body(request: Request) -> bytes:
    try:
        return await body_of(request, MAX_BODY_BYTES)
    except (TooLargeError, TooSlowError) as error:
        message = f"Send at most {MAX_BODY_BYTES} bytes, without long pauses."
        raise PayloadTooLargeException(detail=message) from error
    except IncompleteError as error:
        message = "The body ended too soon. Send all of it."
        raise InvalidSyntaxException(detail=message) from error
