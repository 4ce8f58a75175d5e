"""Rules of administration that depend on what is changed and by whom. Pure.

Commands apply them, and `availableActions` asks them without any effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.model.certificates import CertificateKind
from engine.model.errors import Code, Refusal, not_found
from engine.model.facts import AccountSettings, Actor
from engine.model.grants import missing_permission, refuse_placement
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    KeypairState,
    Permission,
    ReleaseType,
)
from engine.x509.chain import expired_message

_SIGNING = frozenset({Permission.SIGN})


def refuse_update_of_user(actor: Actor, user_id: UUID, *, of_rights: bool) -> Refusal | None:
    """Refuse to change a user: it needs `MANAGE_USERS`, or for one's profile `MANAGE_OWN_PROFILE`.

    Args:
        actor: Who changes.
        user_id: Who is changed.
        of_rights: Whether roles are changed, or whether the user is active.
    """
    is_own_profile = user_id == actor.user_id and not of_rights
    if is_own_profile and Permission.MANAGE_USERS not in actor.permissions:
        return missing_permission(actor, Permission.MANAGE_OWN_PROFILE)
    return missing_permission(actor, Permission.MANAGE_USERS)


def refuse_renaming(settings: AccountSettings, actor: Actor) -> Refusal | None:
    """Refuse new names where an account keeps its users from taking names that others go by."""
    if settings.users_may_rename_themselves or Permission.MANAGE_USERS in actor.permissions:
        return None
    message = "In this account names are changed by those who manage users. Ask an administrator."
    return Refusal(Code.FORBIDDEN, message, "name")


def refuse_opening(actor: Actor, changes: Mapping[str, tuple[Any, Any]]) -> Refusal | None:
    """Refuse to open or enable a keypair unless the credential covers what others then do: sign."""
    for name, loose in (("access", KeypairAccess.OPEN), ("enabled", True)):
        if changes.get(name, (None, None))[1] == loose:
            refusal = refuse_placement(actor, _SIGNING, name)
            if refusal is not None:
                return refusal
    return None


def refuse_declared_certificate(*, declared: bool | None, is_set: bool = False) -> Refusal | None:
    """Refuse to say that a keypair has a default certificate or none, which follows from its own.

    What was declared before there were certificates can be taken back.

    Args:
        declared: What is said, and differs from what is so; None: nothing.
        is_set: Whether one of the keypair's certificates is its default.
    """
    if declared:
        message = "This follows from the keypair's certificates. Add one, and make it the default."
    elif declared is False and is_set:
        message = "This follows from the keypair's certificates. Remove the default one."
    else:
        return None
    return Refusal(Code.INVALID_INPUT, message, "has_default_certificate")


def refuse_x509_certificate(category: KeypairCategory) -> Refusal | None:
    """Refuse an X.509 certificate to a keypair that has no use for one."""
    if category is not KeypairCategory.GPG:
        return None
    message = "An OpenPGP keypair has no X.509 certificates. Choose another keypair."
    return Refusal(Code.INVALID_INPUT, message, "keypair_id")


def refuse_openpgp_certificate(category: KeypairCategory) -> Refusal | None:
    """Refuse an OpenPGP certificate to a keypair that has none."""
    if category is KeypairCategory.GPG:
        return None
    message = "Only keypairs of the category GPG have an OpenPGP certificate. Choose one of them."
    return Refusal(Code.INVALID_INPUT, message, "keypair_id")


def refuse_default_certificate(
    kind: CertificateKind,
    valid_from: datetime,
    expires_at: datetime | None,
    now: datetime,
    field: str = "certificate_id",
) -> Refusal | None:
    """Refuse a default certificate of another form than X.509, or one that is not valid now.

    One that became valid by time alone would complete quorums when nobody acts.
    """
    if kind is not CertificateKind.X509:
        message = "Only an X.509 certificate can be the default. Choose one."
    elif valid_from > now:
        message = (
            f"The certificate is not valid before {valid_from:%Y-%m-%d %H:%M:%S} UTC. Make it the"
            " default then."
        )
    elif expires_at is not None and expires_at <= now:
        message = expired_message(expires_at)
    else:
        return None
    return Refusal(Code.INVALID_INPUT, message, field)


def refuse_retired(state: KeypairState, field: str) -> Refusal | None:
    """Refuse what a retired keypair never is or does again, such as to be enabled."""
    if state is not KeypairState.RETIRED:
        return None
    message = "The keypair is retired, which is final. Use its successor or another keypair."
    return Refusal(Code.KEYPAIR_DISABLED, message, field)


def refuse_renewal(actor: Actor, successor: str | None) -> Refusal | None:
    """Refuse a second successor of a keypair, and one by a credential that covers no signing.

    Whoever signs with the keypair may sign with its successor, too.

    Args:
        actor: Who renews it.
        successor: The alias of the successor that it has; None if it has none.
    """
    if successor is None:
        return refuse_placement(actor, _SIGNING, "keypair_id")
    message = f"The keypair has a successor already: {successor}. Use that one, or renew it."
    return Refusal(Code.INVALID_INPUT, message, "keypair_id")


def refuse_certification(
    settings: AccountSettings, type_: ReleaseType, state: KeypairState
) -> Refusal | None:
    """Refuse that a keypair signs a certificate request or certificate of its own, without release.

    Args:
        settings: The settings of its account.
        type_: The type of the keypair.
        state: The state of the keypair.
    """
    if settings.signing_frozen:
        message = "Signing is frozen in this account. Ask an administrator to lift that."
        return Refusal(Code.SIGNING_FROZEN, message)
    if state is KeypairState.DISABLED:
        return Refusal(
            Code.KEYPAIR_DISABLED, "The keypair is disabled. Enable it or choose another."
        )
    if state is KeypairState.RETIRED:
        return refuse_retired(state, "keypair_id")
    if type_ is ReleaseType.OFFLINE and not settings.offline_certification:
        message = (
            "In this account offline keypairs sign nothing outside of releases. Ask an"
            " administrator to allow certificates of offline keypairs."
        )
        return Refusal(Code.FORBIDDEN, message, "keypair_id")
    return None


def refuse_known_key(
    alias: str | None, *, is_retired: bool, is_adopted: bool, field: str
) -> Refusal | None:
    """Refuse to make a second keypair of a key.

    Args:
        alias: Of the keypair of the account that has the key; None if there is none.
        is_retired: Whether that keypair is retired.
        is_adopted: Whether the key is in a signer, and a keypair of any account has adopted it.
        field: What names the key.
    """
    if alias is None and not is_adopted:
        return None
    keypair = f"The keypair {alias}" if alias is not None else "Another keypair"
    message = f"{keypair} has this key already. Use that one."
    if is_retired:
        message = f"The keypair {alias}, which is retired, has this key. Take another key."
    return Refusal(Code.KEYPAIR_IN_USE, message, field)


def refuse_foreign(
    actor: Actor, owner_id: UUID | None, what: str, own: Permission
) -> Refusal | None:
    """Allow one's own by the permission `own`, and anybody's by `MANAGE_USERS`.

    Those of other users do not exist for anybody else: NOT_FOUND.
    """
    if Permission.MANAGE_USERS in actor.permissions:
        return None
    if owner_id != actor.user_id:
        return not_found(what, "id")
    return missing_permission(actor, own)


def refuse_token_of(actor: Actor, owner_id: UUID, *, service: bool) -> Refusal | None:
    """Refuse to make a token for this user: people make their own, administrators for services."""
    if owner_id == actor.user_id:
        return missing_permission(actor, Permission.MANAGE_OWN_TOKENS)
    refusal = missing_permission(actor, Permission.MANAGE_USERS)
    if refusal is None and not service:
        message = "People make their own tokens. You can make them for service users."
        return Refusal(Code.FORBIDDEN, message, "user_id")
    return refusal


def refuse_leaderless(
    *, has_manager: bool, had_appointer: bool, has_appointer: bool
) -> Refusal | None:
    """Refuse a change that leaves nobody who can manage users (spec section 2).

    It is refused too where nobody could give every permission any more, although somebody could
    before: whoever manages users and no more could make neither another administrator nor an
    approver.

    Args:
        has_manager: Whether an active person can manage users after the change.
        had_appointer: Whether one could give every permission before it.
        has_appointer: Whether one can after it.
    """
    if not has_manager:
        return Refusal(
            Code.LAST_ADMINISTRATOR,
            "Nobody could manage users any more. Give somebody else that permission first.",
        )
    if had_appointer and not has_appointer:
        return Refusal(
            Code.LAST_ADMINISTRATOR,
            "Nobody could give every permission any more. Give somebody else the role ADMIN first.",
        )
    return None
