"""What administrators read of keypairs of the category `GPG`."""

from __future__ import annotations

from uuid import UUID

from engine.model.errors import not_found, refuse
from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.persistence.store.administration import openpgp_keys
from engine.queries.context import QueryContext
from engine.queries.records import Record


def revocation_of(context: QueryContext, keypair: Record) -> str:
    """Return what revokes the certificate of a keypair; needs `MANAGE_KEYPAIRS`."""
    refuse(missing_permission(context.actor, Permission.MANAGE_KEYPAIRS))
    keypair_id: UUID = keypair.id
    revocation = openpgp_keys.load_revocation(context.connection, keypair_id)
    if revocation is None:
        raise not_found("OpenPGP certificate", "id")
    return revocation
