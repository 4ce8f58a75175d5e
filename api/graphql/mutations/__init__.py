"""The mutations of the schema, by subject: each takes one `input` and returns a payload."""

import strawberry

from api.graphql.mutations.account import AccountMutations
from api.graphql.mutations.certificates import CertificateMutations
from api.graphql.mutations.keypairs import KeypairMutations
from api.graphql.mutations.notifications import NotificationMutations
from api.graphql.mutations.people import PeopleMutations
from api.graphql.mutations.pipelines import PipelineMutations
from api.graphql.mutations.releases import ReleaseMutations
from api.graphql.mutations.sign_in import SignInMutations
from api.graphql.mutations.signing import SigningMutations
from api.graphql.mutations.succession import SuccessionMutations
from api.graphql.mutations.teams import TeamMutations
from api.graphql.mutations.tokens import TokenMutations
from api.graphql.mutations.webhooks import WebhookMutations


@strawberry.type(
    description="The mutations that change data; a refusal is data in the payload's"
    " `errors`, which is empty on success."
)
class Mutation(
    ReleaseMutations,
    SigningMutations,
    KeypairMutations,
    CertificateMutations,
    SuccessionMutations,
    PeopleMutations,
    TeamMutations,
    AccountMutations,
    TokenMutations,
    SignInMutations,
    NotificationMutations,
    WebhookMutations,
    PipelineMutations,
):
    pass
