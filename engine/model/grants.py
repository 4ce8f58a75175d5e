"""Rules of granting: who grants a permission holds it, and their credential covers it. Pure.

Every command that gives somebody a permission, a role, a scope or a membership applies these rules,
so that no sequence of calls leads to a credential with more permissions than the one used.

There is one exception, `appoints`: the built-in role ADMIN can neither sign nor approve, and
somebody has to give these permissions to others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from engine.model.errors import Code, Refusal
from engine.model.facts import Actor
from engine.model.vocabulary import (
    BUILT_IN_ROLES,
    ROLE_PERMISSIONS,
    SCOPES_BY_NAME,
    Permission,
    QuotaOnOnline,
)

#: Whoever holds all of these administers the account.
ADMINISTRATION = BUILT_IN_ROLES["ADMIN"]
#: What an administrator may give to others without holding it.
APPOINTED = ROLE_PERMISSIONS - ADMINISTRATION
#: What is used only where a team's members, a keypair's users or the account's settings allow it.
_USED_IN_PLACES = frozenset(
    {
        Permission.VIEW_RELEASES,
        Permission.REQUEST_RELEASE,
        Permission.APPROVE_RELEASE,
        Permission.SIGN,
    }
)
_APPROVING, _SIGNING = frozenset({Permission.APPROVE_RELEASE}), frozenset({Permission.SIGN})


def _raised(before: int, after: int) -> bool:
    return after > before


def _lowered(before: int, after: int) -> bool:
    return after < before


def _extended(before: frozenset[Any], after: frozenset[Any]) -> bool:
    return not after <= before


def _refuses_no_more(before: QuotaOnOnline, after: QuotaOnOnline) -> bool:
    return before is QuotaOnOnline.REFUSE and after is not QuotaOnOnline.REFUSE


#: For each of the account's settings: the changes that let others do more with permissions that
#: they hold, and which permissions these are. Other changes need `MANAGE_ACCOUNT` alone. A setting
#: that is on counts as more than one that is off.
LOOSENED_BY: Mapping[str, tuple[tuple[Callable[[Any, Any], bool], frozenset[Permission]], ...]] = {
    "signing_frozen": ((_lowered, _SIGNING),),
    # Without teams people see, request, approve and sign whatever is the account's; with teams the
    # quorum is each team's own and not the account's.
    "teams_enabled": ((_lowered, _USED_IN_PLACES), (_raised, _APPROVING)),
    "reapprove_on_edit": ((_lowered, _APPROVING),),
    "allow_self_approval": ((_raised, _APPROVING),),
    "required_approvals": ((_lowered, _APPROVING),),
    "enabled_release_types": ((_extended, frozenset({Permission.REQUEST_RELEASE})),),
    "quota_on_online": ((_refuses_no_more, _SIGNING),),
    "restrict_signing_to_releases": ((_lowered, _SIGNING),),
    "signed_in_approvals": ((_lowered, _APPROVING),),
    "users_may_rename_themselves": (),
    "max_window_days": ((_raised, _SIGNING),),
    "offline_certification": (),
}

#: Whoever has the first permission decides where others may use the second ones: who is in a team,
#: who is mapped to a restricted keypair, how strict the account's settings are. The credential used
#: has to cover those second permissions.
PLACED: dict[Permission, frozenset[Permission]] = {
    Permission.MANAGE_TEAMS: _USED_IN_PLACES,
    Permission.MANAGE_KEYPAIRS: _SIGNING,
    Permission.MANAGE_ACCOUNT: frozenset().union(
        *(used for changes in LOOSENED_BY.values() for _, used in changes)
    ),
}

#: What users get with such a place whatever they hold: a team's members see its releases.
SHOWN: dict[Permission, frozenset[Permission]] = {
    Permission.MANAGE_TEAMS: frozenset({Permission.VIEW_RELEASES}),
    Permission.MANAGE_KEYPAIRS: frozenset(),
}


def missing_permission(actor: Actor, permission: Permission) -> Refusal | None:
    """Return the refusal where the user lacks the permission, or the token the scope; else None."""
    if permission in actor.permissions:
        return None
    if permission in actor.held:
        return missing_scopes(permission)
    message = f"You need the permission {_words(permission)}. Ask an administrator for it."
    return Refusal(Code.FORBIDDEN, message)


def missing_scopes(*permissions: Permission, field: Collection[str] = ()) -> Refusal:
    """Return the refusal of a token that lacks scopes for what its user may do."""
    names = _listed(permissions)
    scope = "scope" if len(permissions) == 1 else "scopes"
    return Refusal(
        Code.FORBIDDEN,
        f"This token lacks the {scope} {names}. Use one that has it, or sign in.",
        *field,
    )


def default_scopes(scopes: frozenset[Permission] | None) -> frozenset[Permission]:
    """Return the scopes of a token; one without any has all but those that must be named."""
    return frozenset(Permission) - SCOPES_BY_NAME if scopes is None else scopes


def appoints(actor: Actor) -> bool:
    """Return whether the actor may give others what no administrator holds: signing and approving.

    An administrator may in person, or with a token whose scopes name everything that a role can
    grant.
    """
    return actor.permissions >= ADMINISTRATION and all(map(actor.covers, APPOINTED))


def transferable(actor: Actor) -> frozenset[Permission]:
    """Return the permissions that the actor may give to others."""
    return actor.permissions | (APPOINTED if appoints(actor) else frozenset())


def refuse_grant(
    actor: Actor, granted: frozenset[Permission], held_then: frozenset[Permission], *field: str
) -> Refusal | None:
    """Refuse to give permissions to somebody, who then holds `held_then` in all; None if allowed.

    Whoever gets them can use them in person, with a session that nothing narrows. So what they can
    bring about through others counts too: placing people, and appointing as an administrator.
    """
    if not granted:
        return None
    beyond = granted - transferable(actor)
    uncovered = {p for g in granted for p in PLACED.get(g, ()) if not actor.covers(p)}
    if held_then >= ADMINISTRATION:
        beyond |= APPOINTED - transferable(actor)
    return _refusal(actor, beyond | uncovered, field)


def refuse_placement(actor: Actor, used: frozenset[Permission], *field: str) -> Refusal | None:
    """Refuse to let others use permissions that they hold in one more place; None if allowed.

    The permission to place people there is asked for apart; the credential has to cover the rest.
    """
    return _refusal(actor, frozenset(p for p in used if not actor.covers(p)), field)


def refuse_loosening(actor: Actor, changes: Mapping[str, tuple[Any, Any]]) -> Refusal | None:
    """Refuse to change settings of the account, each from one value to another; None if allowed.

    Whoever holds the permissions that a change lets them use further uses them in person. So the
    credential has to cover them, as it has to where people are placed.
    """
    for setting, (before, after) in changes.items():
        for loosens, used in LOOSENED_BY[setting]:
            if loosens(before, after) and (refusal := refuse_placement(actor, used, setting)):
                return refusal
    return None


def refuse_scopes(
    actor: Actor, scopes: frozenset[Permission] | None, *, own: bool
) -> Refusal | None:
    """Refuse to make a token with these scopes, for oneself or a service user; None if allowed.

    Of one's own permissions a token holds at any time what its user holds then, so a scope only has
    to be covered by the credential. A service user's token is handed to whoever made it.
    """
    requested = default_scopes(scopes)
    allowed = transferable(actor)
    beyond = frozenset(p for p in requested if not (actor.covers(p) if own else p in allowed))
    refusal = _refusal(actor, beyond, ("scopes",))
    if refusal is None:
        return None
    return Refusal(refusal.code, f"{refusal.message} Or ask for fewer scopes.", "scopes")


def _refusal(
    actor: Actor, beyond: Collection[Permission], field: Collection[str]
) -> Refusal | None:
    if not beyond:
        return None
    if uncovered := [p for p in beyond if not actor.covers(p)]:
        return missing_scopes(*uncovered, field=field)
    return Refusal(
        Code.FORBIDDEN,
        f"You cannot give others {_listed(beyond)}: you do not hold it yourself."
        " Ask somebody who does, or an administrator.",
        *field,
    )


def _listed(permissions: Collection[Permission]) -> str:
    return ", ".join(sorted(permissions))


def _words(permission: Permission) -> str:
    if permission is Permission.REQUEST_RELEASE:
        return "Request release window"
    return permission.replace("_", " ").capitalize()
