"""Make an account with its built-in roles and first administrator: for an operator."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from engine.commands.administration.validation import clean_name
from engine.commands.transactions import transaction
from engine.model import addresses
from engine.model.addresses import Address
from engine.model.events import AccountCreated, UserCreated
from engine.model.facts import OPERATOR
from engine.model.text import name_key, normalize
from engine.model.vocabulary import BUILT_IN_ROLES, QuotaOnOnline, ReleaseType
from engine.persistence.db.ids import uuid7
from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.persistence.store.constraints import refusal_of
from engine.persistence.store.locks import Lock
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The ids of what was made."""

    account_id: UUID
    user_id: UUID


def create_account(
    system: System,
    name: str,
    admin_email: str,
    admin_name: str | None = None,
    *,
    teams_enabled: bool = True,
) -> NewAccount:
    """Raises `Refusal` INVALID_INPUT or NAME_TAKEN.

    An administrator without a name is called what stands before the @ of the address.
    """
    name = clean_name(normalize(name), "name", "name")
    address = addresses.require(admin_email, international=system.international_addresses)
    admin = address.local
    if admin_name is not None:
        admin = clean_name(normalize(admin_name), "name", "admin_name")
    made = NewAccount(uuid7(), uuid7())
    try:
        with transaction(system, made.account_id, None, Lock()) as uow:
            _insert_account(uow, name, teams_enabled=teams_enabled)
            roles = _insert_roles(uow)
            _insert_admin(uow, made.user_id, address, admin, roles["ADMIN"])
            uow.record(AccountCreated(subject_id=made.account_id), actor=OPERATOR)
            uow.record(
                UserCreated(
                    subject_id=made.user_id,
                    changes={"email": (None, address.stored), "roles": (None, ["ADMIN"])},
                ),
                actor=OPERATOR,
            )
    except IntegrityError as error:
        raise refusal_of(error) from error
    return made


def _insert_account(uow: UnitOfWork, name: str, *, teams_enabled: bool) -> None:
    uow.connection.execute(
        t.accounts.insert().values(
            id=uow.account_id,
            name=name,
            name_key=name_key(name),
            signing_frozen=False,
            teams_enabled=teams_enabled,
            reapprove_on_edit=True,
            allow_self_approval=False,
            required_approvals=1,
            enabled_release_types=" ".join(ReleaseType),
            quota_on_online=QuotaOnOnline.REFUSE,
            restrict_signing_to_releases=False,
            signed_in_approvals=False,
            users_may_rename_themselves=True,
            created_at=uow.now,
        )
    )
    ledger.start(uow.connection, uow.account_id)


def _insert_roles(uow: UnitOfWork) -> dict[str, UUID]:
    ids = {name: uuid7() for name in BUILT_IN_ROLES}
    uow.connection.execute(
        t.roles.insert(),
        [
            {
                "id": role_id,
                "account_id": uow.account_id,
                "name": name,
                "name_key": name_key(name),
                "built_in": True,
            }
            for name, role_id in ids.items()
        ],
    )
    uow.connection.execute(
        t.role_permissions.insert(),
        [
            {"role_id": ids[name], "permission": permission}
            for name, permissions in BUILT_IN_ROLES.items()
            for permission in sorted(permissions)
        ],
    )
    return ids


def _insert_admin(
    uow: UnitOfWork, user_id: UUID, address: Address, name: str, role_id: UUID
) -> None:
    uow.connection.execute(
        t.users.insert().values(
            id=user_id,
            account_id=uow.account_id,
            email=address.stored,
            email_key=address.key,
            name=name,
            time_zone="UTC",
            locale="en",
            active=True,
            service=False,
            created_at=uow.now,
        )
    )
    uow.connection.execute(t.user_roles.insert().values(user_id=user_id, role_id=role_id))
