"""Other people's clients, over real connections."""

import pytest
from gql import Client, GraphQLRequest
from gql.dsl import DSLMutation, DSLQuery, DSLSchema, dsl_gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport

from tests.support.api import Api
from tests.support.world import World

RELEASES = "query ($first: Int) { releases(first: $first) { edges { node { id name } } } }"


@pytest.fixture
def client(small_api: Api, small_world: World, server: str) -> Client:
    """Python's gql as dev; it fetches the schema and checks queries against it."""
    small_world.request()
    transport = HTTPXAsyncTransport(
        url=f"{server}/graphql",
        headers={"Authorization": f"Bearer {small_api.token('dev')}"},
    )
    return Client(transport=transport, fetch_schema_from_transport=True, parse_results=True)


async def test_gql_fetches_the_schema_asks_and_changes(client: Client) -> None:
    async with client as session:
        assert session.client.schema is not None
        schema = DSLSchema(session.client.schema)
        found = await session.execute(GraphQLRequest(RELEASES, variable_values={"first": 5}))
        (edge,) = found["releases"]["edges"]
        withdrawn = schema.Mutation.withdrawRelease(input={"id": edge["node"]["id"]}).select(
            schema.WithdrawReleasePayload.release.select(schema.Release.status)
        )
        done = await session.execute(dsl_gql(DSLMutation(withdrawn)))
        assert done["withdrawRelease"]["release"]["status"] == "REJECTED"
        viewer = schema.Query.viewer.select(schema.Viewer.permissions)
        assert "SIGN" in (await session.execute(dsl_gql(DSLQuery(viewer))))["viewer"]["permissions"]


async def test_gql_is_told_of_errors_with_their_codes(client: Client) -> None:
    async with client as session:
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(GraphQLRequest(RELEASES, variable_values={"first": 101}))
    assert refused.value.errors is not None
    assert refused.value.errors[0]["extensions"] == {"code": "INVALID_INPUT", "field": ["first"]}
