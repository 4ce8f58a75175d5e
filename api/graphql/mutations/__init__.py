"""What can be done, grouped by what it is done to. Each takes one `input`, answers a payload."""

from strawberry.tools import merge_types

from api.graphql.mutations.account import AccountMutations
from api.graphql.mutations.keypairs import KeypairMutations
from api.graphql.mutations.people import PeopleMutations
from api.graphql.mutations.releases import ReleaseMutations
from api.graphql.mutations.signing import SigningMutations
from api.graphql.mutations.tokens import TokenMutations

Mutation = merge_types(
    "Mutation",
    (
        ReleaseMutations,
        SigningMutations,
        KeypairMutations,
        PeopleMutations,
        AccountMutations,
        TokenMutations,
    ),
)
