// Composes the server's subgraph with another one into a supergraph, and asks both by Apollo's gateway.
// Arguments: the server's URL, a token, the file of the other schema, and ids of releases. Prints what composition and
// the gateway say.
import { readFileSync } from "node:fs";
import { ApolloGateway, LocalGraphQLDataSource, RemoteGraphQLDataSource } from "@apollo/gateway";
import { composeServices } from "@apollo/composition";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";

const [url, token, builtFrom, ...ids] = process.argv.slice(2);

// The other subgraph, of the examples: what was built for a release, which it knows by its id alone.
const typeDefs = parse(readFileSync(builtFrom, "utf8"));
const builds = ids.map((id, number) => ({ number, release: { __typename: "Release", id } }));
const resolvers = {
  Query: { builds: () => builds },
  Release: { builds: ({ id }) => builds.filter((build) => build.release.id === id) },
};

const answer = await fetch(url, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ query: "{ _service { sdl } }" }),
});
const { sdl } = (await answer.json()).data._service;
const { supergraphSdl, errors = [], hints = [] } = composeServices([
  { name: "countersign", url, typeDefs: parse(sdl) },
  { name: "builds", url: "http://127.0.0.1/", typeDefs },
]);

async function ask(query) {
  let operations = 0;
  class Countersign extends RemoteGraphQLDataSource {
    willSendRequest({ request }) {
      operations += 1;
      request.http.headers.set("Authorization", `Bearer ${token}`);
    }
  }
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ name }) =>
      name === "builds" ? new LocalGraphQLDataSource(buildSubgraphSchema({ typeDefs, resolvers })) : new Countersign({ url }),
  });
  const { executor } = await gateway.load();
  const cache = new Map();
  const result = await executor({
    document: parse(query),
    request: { query, http: undefined },
    queryHash: "one",
    context: {},
    metrics: {},
    cache: { get: async (key) => cache.get(key), set: async (key, value) => void cache.set(key, value), delete: async (key) => cache.delete(key) },
    schema: gateway.schema,
    logger: console,
  });
  await gateway.stop();
  return { ...result, operations };
}

const query = "{ builds { number release { name requestedBy { email } builds { number } } } }";
const composition = { errors: errors.map((error) => error.message), hints: hints.map((hint) => hint.message) };
console.log(JSON.stringify({ composition, ...(supergraphSdl ? await ask(query) : {}) }));
process.exit(0);
