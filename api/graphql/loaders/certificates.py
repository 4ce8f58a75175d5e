"""Loaders for certificates, and for the fields of keypairs that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.loaders.connections import connect_pages, page_args_of
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.certificate import Certificate
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import User
from engine.queries import certificates


@loads(Keypair, "certificates")
def keypair_certificates(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Any]:
    ids, reading = [keypair.source.id for keypair in keypairs], cache.reading
    pages = certificates.of_keypairs(reading, ids, page_args_of(call))
    count = partial(certificates.counts_of_keypairs, reading, ids)
    return connect_pages(keypairs, call, "certificates", Certificate, pages, count)


@loads(Keypair, "defaultCertificate")
def keypair_default_certificate(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Certificate]:
    ids = [keypair.source.id for keypair in keypairs]
    rows = certificates.defaults_of(cache.reading, ids)
    for keypair in keypairs:
        row = rows.get(keypair.source.id)
        if row is not None:
            (keypair.default_certificate,) = cache.put_records(Certificate, [row])
    return [k.default_certificate for k in keypairs if k.default_certificate is not None]


@loads(Keypair, "hasDefaultCertificate")
def keypair_has_default_certificate(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Any]:
    with_one = [k.source.id for k in keypairs if k.source.has_default_certificate]
    expired = certificates.with_expired_default(cache.reading, with_one) if with_one else ()
    for keypair in keypairs:
        keypair.has_default_certificate = (
            keypair.source.has_default_certificate and keypair.source.id not in expired
        )
    return ()


@loads(Certificate, "keypair")
def certificate_keypair(
    cache: EntityCache, of: Sequence[Certificate], call: FieldCall
) -> Iterable[Keypair]:
    keypairs = cache.keypairs({certificate.source.keypair_id for certificate in of})
    for certificate in of:
        certificate.keypair = keypairs[certificate.source.keypair_id]
    return keypairs.values()


@loads(Certificate, "addedBy")
def certificate_added_by(
    cache: EntityCache, of: Sequence[Certificate], call: FieldCall
) -> Iterable[User]:
    users = cache.users({certificate.source.added_by for certificate in of})
    for certificate in of:
        certificate.added_by = users[certificate.source.added_by]
    return users.values()


@loads(Certificate, "removedBy")
def certificate_removed_by(
    cache: EntityCache, of: Sequence[Certificate], call: FieldCall
) -> Iterable[User]:
    users = cache.users({c.source.removed_by for c in of if c.source.removed_by is not None})
    for certificate in of:
        certificate.removed_by = users.get(certificate.source.removed_by)
    return users.values()
