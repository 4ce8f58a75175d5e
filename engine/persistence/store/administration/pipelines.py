"""Rows of trusted issuers and of pipeline rules: what the commands on them read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.claims import Conditions, conditions_from_json, conditions_to_json
from engine.model.errors import not_found
from engine.model.origins import IssuerKind
from engine.model.text import name_key
from engine.model.vocabulary import Permission
from engine.persistence.db.canonical_json import canonical
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_I, _R = t.trusted_issuers, t.pipeline_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFields:
    """What a rule asks of a pipeline, and what it gives to it."""

    name: str
    user_id: UUID
    conditions: Conditions
    scopes: frozenset[Permission]
    keypair_ids: frozenset[UUID]
    lifetime_seconds: int

    @classmethod
    def of(cls, row: Row[Any]) -> RuleFields:
        """The fields of a stored rule."""
        return cls(
            name=row.name,
            user_id=row.user_id,
            conditions=load_conditions(row.conditions),
            scopes=frozenset(map(Permission, row.scopes.split())),
            keypair_ids=frozenset(map(UUID, row.keypair_ids.split())),
            lifetime_seconds=row.lifetime_seconds,
        )

    def columns(self) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "name": self.name,
            "name_key": name_key(self.name),
            "user_id": self.user_id,
            "conditions": canonical(conditions_to_json(self.conditions)),
            "scopes": " ".join(sorted(self.scopes)),
            "keypair_ids": " ".join(map(str, sorted(self.keypair_ids))),
            "lifetime_seconds": self.lifetime_seconds,
        }


def load_conditions(stored: str) -> Conditions:
    """Return conditions from the text that is stored of them."""
    return conditions_from_json(orjson.loads(stored))


def insert_issuer(
    uow: UnitOfWork,
    issuer_id: UUID,
    *,
    name: str,
    kind: IssuerKind,
    issuer: str,
    audience: str | None,
) -> None:
    """Write a new trusted issuer."""
    uow.connection.execute(
        _I.insert().values(
            id=issuer_id,
            account_id=uow.account_id,
            name=name,
            name_key=name_key(name),
            kind=kind,
            issuer=issuer,
            audience=audience,
            created_at=uow.now,
        )
    )


def load_issuer(uow: UnitOfWork, issuer_id: UUID, field: str = "id") -> Row[Any]:
    """Return the row of a trusted issuer of the account; refuses NOT_FOUND."""
    query = sa.select(_I).where(_I.c.id == issuer_id, _I.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("issuer", field)
    return row


def update_issuer(uow: UnitOfWork, issuer_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a trusted issuer."""
    columns = {**values, **({"name_key": name_key(values["name"])} if "name" in values else {})}
    uow.connection.execute(_I.update().where(_I.c.id == issuer_id).values(**columns))


def delete_issuer(uow: UnitOfWork, issuer_id: UUID) -> None:
    """Delete a trusted issuer that has no rules any more."""
    uow.connection.execute(_I.delete().where(_I.c.id == issuer_id))


def count_of_issuers(uow: UnitOfWork) -> int:
    """Return how many issuers the account trusts."""
    return _count(uow, _I)


def count_of_rules(uow: UnitOfWork) -> int:
    """Return how many rules about pipelines the account has."""
    return _count(uow, _R)


def _count(uow: UnitOfWork, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).where(table.c.account_id == uow.account_id)
    return int(uow.connection.execute(query).scalar_one())


def insert_rule(uow: UnitOfWork, rule_id: UUID, issuer_id: UUID, fields: RuleFields) -> None:
    """Write a new rule of an issuer."""
    uow.connection.execute(
        _R.insert().values(
            id=rule_id,
            account_id=uow.account_id,
            issuer_id=issuer_id,
            created_at=uow.now,
            **fields.columns(),
        )
    )


def load_rule(uow: UnitOfWork, rule_id: UUID) -> Row[Any]:
    """Return the row of a rule of the account; refuses NOT_FOUND."""
    query = sa.select(_R).where(_R.c.id == rule_id, _R.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("pipeline rule", "id")
    return row


def update_rule(uow: UnitOfWork, rule_id: UUID, fields: RuleFields) -> None:
    """Write the fields of a rule."""
    uow.connection.execute(_R.update().where(_R.c.id == rule_id).values(**fields.columns()))


def delete_rule(uow: UnitOfWork, rule_id: UUID) -> None:
    """Delete a rule."""
    uow.connection.execute(_R.delete().where(_R.c.id == rule_id))


def rules_of_issuer(uow: UnitOfWork, issuer_id: UUID) -> list[Row[Any]]:
    """Return the rules of an issuer, by name."""
    query = sa.select(_R).where(_R.c.issuer_id == issuer_id).order_by(_R.c.name_key)
    return list(uow.connection.execute(query))
