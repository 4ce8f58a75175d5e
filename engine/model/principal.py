"""The authenticated caller. Commands look up what the caller may do."""

from dataclasses import dataclass
from uuid import UUID

from engine.model.facts import Credential
from engine.model.origins import PipelineCredential
from engine.model.vocabulary import Channel, CredentialKind, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user of an account, who was authenticated on one channel."""

    account_id: UUID
    user_id: UUID
    channel: Channel = Channel.API
    #: The token's scopes, which limit the user's permissions; None: no limit.
    scopes: frozenset[Permission] | None = None
    #: The API token that authenticated the caller, if one did.
    token_id: UUID | None = None
    #: The browser session that authenticated the caller, if one did.
    session_id: UUID | None = None
    #: The link of a mail that authenticated the caller, if one did.
    link_id: UUID | None = None
    #: What a pipeline's token is limited to, and where it comes from.
    pipeline: PipelineCredential | None = None
    #: The rule by which a pipeline has proved itself, which has no token yet.
    pipeline_rule_id: UUID | None = None
    #: The caller has just signed in, and has no session yet.
    signing_in: bool = False
    #: The application that Countersign is mounted in says who the caller is.
    signed_in_by_host: bool = False

    def __hash__(self) -> int:
        """Return the hash of the user alone, since it is computed for each signature."""
        return hash(self.user_id)

    @property
    def credential(self) -> Credential:
        """What authenticated the caller, for the ledger."""
        for kind, id_ in (
            (CredentialKind.TOKEN, self.token_id),
            (CredentialKind.SESSION, self.session_id),
            (CredentialKind.LINK, self.link_id),
            (CredentialKind.PIPELINE_RULE, self.pipeline_rule_id),
        ):
            if id_ is not None:
                return Credential(kind, id_)
        if self.signing_in:
            return Credential(CredentialKind.SIGN_IN)
        return Credential(CredentialKind.HOST if self.signed_in_by_host else CredentialKind.PROGRAM)
