"""Refusals as errors of SCIM (RFC 7644, section 3.12)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

from scim2_models import (
    ConflictException,
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    SCIMException,
    UnauthorizedException,
    UniquenessException,
)

from engine.model.errors import Code, Refusal

_Result = TypeVar("_Result")


class UnavailableException(SCIMException):
    """The service cannot answer at the moment."""

    status = 503


class TooManyRequestsException(SCIMException):
    """The client sends too many requests."""

    status = 429


#: Every other code is about a value that was sent.
_EXCEPTIONS: dict[Code, type[SCIMException]] = {
    Code.UNAUTHENTICATED: UnauthorizedException,
    Code.FORBIDDEN: ForbiddenException,
    Code.NAME_TAKEN: UniquenessException,
    Code.REVISION_CONFLICT: PreconditionFailedException,
    Code.LAST_ADMINISTRATOR: ConflictException,
    Code.NOT_ENOUGH_APPROVERS: ConflictException,
    Code.OVERLOADED: UnavailableException,
    Code.STORAGE_FAILED: UnavailableException,
    Code.RATE_LIMITED: TooManyRequestsException,
}


#: What the fields of commands are called in the resources of SCIM.
_ATTRIBUTES = {
    "email": "userName",
    "name": "displayName",
    "external_id": "externalId",
    "time_zone": "timezone",
    "member_ids": "members",
}


async def translated(awaitable: Awaitable[_Result]) -> _Result:
    """Return what comes of it; raises the error of SCIM that a refusal is."""
    try:
        return await awaitable
    except Refusal as refusal:
        raise _exception_of(refusal) from refusal


def _exception_of(refusal: Refusal) -> SCIMException:
    # An id in the path is not there; any other name that is not there was sent as a value.
    if refusal.code is Code.NOT_FOUND and refusal.field == ("id",):
        return NotFoundException(detail=refusal.message)
    detail = " ".join(map(_sentence, refusal.listed)) if refusal.further else refusal.message
    return _EXCEPTIONS.get(refusal.code, InvalidValueException)(detail=detail)


def _sentence(fault: Refusal) -> str:
    """Return one of several faults, with the attribute that it is about."""
    if not fault.field:
        return fault.message
    attribute = _ATTRIBUTES.get(fault.field[0], fault.field[0])
    value = f" {fault.item}" if isinstance(fault.item, UUID) else ""
    return f"{attribute}{value}: {fault.message}"
