"""The facts that rules look at: frozen, and built by commands once their locks are held."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from engine.model.claims import Conditions
from engine.model.origins import Origin, PipelineCredential
from engine.model.vocabulary import (
    NOT_STARTED,
    Channel,
    CredentialKind,
    KeypairAccess,
    KeypairCategory,
    KeypairState,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    Status,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """An account's settings (spec section 2, `Account`)."""

    account_id: UUID
    account_name: str
    signing_frozen: bool = False
    teams_enabled: bool = True
    reapprove_on_edit: bool = True
    allow_self_approval: bool = False
    required_approvals: int = 1
    enabled_release_types: frozenset[ReleaseType] = frozenset(ReleaseType)
    quota_on_online: QuotaOnOnline = QuotaOnOnline.REFUSE
    restrict_signing_to_releases: bool = False
    #: Deciding by a mailed link also needs a browser session of the approver.
    signed_in_approvals: bool = False
    #: Off: only those who manage users change names, so that nobody takes the name of another.
    users_may_rename_themselves: bool = True
    #: The longest window of a release, in days; None: no limit.
    max_window_days: int = 366
    #: Off: offline keypairs sign nothing outside of releases, not even about themselves.
    offline_certification: bool = True


@dataclass(frozen=True, slots=True)
class Credential:
    """What authenticated the actor."""

    kind: CredentialKind
    #: The id of the token, the session or the mail's link.
    id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `permissions`: what the user holds now, limited by the token's scopes."""

    user_id: UUID | None
    name: str = ""
    email: str = ""
    active: bool = True
    service: bool = False
    permissions: frozenset[Permission] = frozenset()
    #: What the user holds, whatever the token's scopes.
    held: frozenset[Permission] = frozenset()
    #: None: no token limits the permissions.
    scopes: frozenset[Permission] | None = None
    team_ids: frozenset[UUID] = frozenset()
    channel: Channel = Channel.API
    credential: Credential = Credential(CredentialKind.PROGRAM)
    #: What the actor's token is limited to, where a pipeline got it.
    pipeline: PipelineCredential | None = None

    def covers_keypair(self, keypair_id: UUID) -> bool:
        """Whether the credential may be used with this keypair."""
        return self.pipeline is None or keypair_id in self.pipeline.keypair_ids

    def covers(self, permission: Permission) -> bool:
        """Whether the credential covers this permission, whether or not the user holds it."""
        return self.scopes is None or permission in self.scopes


#: The actor of transitions that time makes due.
CLOCK = Actor(
    user_id=None,
    name="clock",
    channel=Channel.CLOCK,
    credential=Credential(CredentialKind.CLOCK),
)
#: The actor of commands that an operator runs on the machine.
OPERATOR = Actor(
    user_id=None,
    name="operator",
    channel=Channel.COMMAND_LINE,
    credential=Credential(CredentialKind.COMMAND_LINE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFields:
    """The fields of a release that a person fills in. Instants are UTC; the window is half open."""

    name: str
    version: str | None
    note: str | None
    category: KeypairCategory
    type: ReleaseType
    team_id: UUID | None
    participant_ids: frozenset[UUID]
    with_default_certificate: bool
    keypair_ids: frozenset[UUID]
    starts_at: datetime
    ends_at: datetime
    max_signatures: int
    #: What has to hold of the claims of a pipeline that signs; none: whoever else may sign.
    origin_condition: Conditions = ()

    def changed_from(self, other: ReleaseFields) -> frozenset[str]:
        """Names of the fields in which the two differ."""
        if other is self:
            return frozenset()
        return frozenset(n for n in FIELD_NAMES if getattr(self, n) != getattr(other, n))


FIELD_NAMES = tuple(f.name for f in fields(ReleaseFields))
#: Labels: an edit of these leaves approvals and links standing (spec section 3, revise).
LABELS = frozenset({"name", "note"})
#: The fields that are labels once the window of a release has opened.
LABEL_FIELDS = LABELS | {"version"}


def labels_of(status: Status) -> frozenset[str]:
    """The fields that are labels while a release has this status; all others are material."""
    return LABELS if status in NOT_STARTED else LABEL_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release as stored, with its keypairs and participants."""

    id: UUID
    account_id: UUID
    fields: ReleaseFields
    status: Status
    #: The instant from which that status holds.
    status_since: datetime
    creator_id: UUID
    created_at: datetime
    revision: int
    material_revision: int
    #: Approvals the round asks for, fixed when it began; 0 where none are needed.
    required_approvals: int
    #: The revision with which what is still to be approved began: its request, or its first
    #: material edit since it was approved.
    round_revision: int
    signatures_used: int = 0
    signatures_reserved: int = 0
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    end_code: str | None = None
    end_reason: str | None = None
    #: Where the pipeline runs that requested it; None: no pipeline has.
    requested_from: Origin | None = None

    @property
    def signatures_left(self) -> int:
        """How many signatures are left of the maximum: neither used nor reserved."""
        return self.fields.max_signatures - self.signatures_used - self.signatures_reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypair:
    """A keypair and who may use it."""

    id: UUID
    alias: str
    category: KeypairCategory
    type: ReleaseType
    access: KeypairAccess
    state: KeypairState
    #: Leaving aside when it expires.
    has_default_certificate: bool
    #: When the default certificate expires; None where it was only declared.
    certificate_expires_at: datetime | None = None
    user_ids: frozenset[UUID] = frozenset()
    team_ids: frozenset[UUID] = frozenset()
    #: The open release that holds it.
    held_by: UUID | None = None

    @property
    def enabled(self) -> bool:
        """Whether it can be used now."""
        return self.state is KeypairState.ENABLED

    def has_current_certificate(self, now: datetime) -> bool:
        """Return whether it has a default certificate that has not expired."""
        expires_at = self.certificate_expires_at
        return self.has_default_certificate and (expires_at is None or now < expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team, its members, and how many of them must approve."""

    id: UUID
    name: str
    required_approvals: int
    #: Grows with every change of the team.
    revision: int = 1
    member_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An open release that holds a keypair, as far as the actor may know of it."""

    keypair_id: UUID
    name: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One decision on one material revision."""

    approver_id: UUID
    verdict: Verdict
    material_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a lifecycle guard may look at. No guard looks at anything else."""

    now: datetime
    settings: AccountSettings
    actor: Actor
    #: None while a release is being requested.
    release: Release | None = None
    #: What the release would be: the request, or the edited fields.
    proposed: ReleaseFields | None = None
    #: The revision the caller looked at.
    seen_revision: int | None = None
    #: The requester asked for the status Approved at once.
    asks_approved: bool = False
    reason: str | None = None
    #: The keypairs of the proposed fields, else of the release.
    keypairs: tuple[Keypair, ...] = ()
    #: Other releases that hold one of them, of those that the actor sees.
    holders: tuple[Holder, ...] = ()
    #: The team of the proposed fields, else of the release.
    team: Team | None = None
    #: Everyone who can approve the release as it stands (active, permitted, a person).
    approver_ids: frozenset[UUID] = frozenset()
    #: The same for the proposed fields, whose team may be another.
    draft_approver_ids: frozenset[UUID] = frozenset()
    votes: tuple[Vote, ...] = ()
    #: Who made a material edit since the round began.
    editor_ids: frozenset[UUID] = frozenset()
    #: An open or named release with the proposed name, other than this one.
    name_taken: bool = False
    #: Proposed participants who are inactive.
    inactive_ids: frozenset[UUID] = field(default_factory=frozenset)
    #: Proposed participants who are no users of the account.
    unknown_ids: frozenset[UUID] = field(default_factory=frozenset)

    @property
    def status(self) -> Status | None:
        """None while the release is being requested."""
        return self.release.status if self.release else None

    @property
    def subject(self) -> Release:
        """The release; a programming error where there is none yet."""
        assert self.release is not None, "these facts are of a request"
        return self.release

    @property
    def draft(self) -> ReleaseFields:
        """What the release would be, or is."""
        return self.proposed if self.proposed is not None else self.subject.fields

    @property
    def changes(self) -> frozenset[str]:
        """The fields an edit would change; none where nothing is proposed."""
        if self.release is None or self.proposed is None:
            return frozenset()
        return self.proposed.changed_from(self.release.fields)

    @property
    def is_approver(self) -> bool:
        """Whether the actor is an eligible approver and the credential covers approving."""
        return (
            self.actor.user_id in self.approver_ids
            and Permission.APPROVE_RELEASE in self.actor.permissions
        )

    @property
    def is_creator(self) -> bool:
        """Whether the actor requested the release and the credential covers requesting it."""
        is_own = self.release is not None and self.actor.user_id == self.release.creator_id
        return is_own and self.actor.covers(Permission.REQUEST_RELEASE) and self.covers_keypairs

    @property
    def covers_keypairs(self) -> bool:
        """Whether the credential may be used with every keypair that the release has."""
        return all(map(self.actor.covers_keypair, self.subject.fields.keypair_ids))
