import { cacheExchange } from "@urql/exchange-graphcache";
import { Client, gql, subscriptionExchange } from "urql";
import { expect, test, vi } from "vitest";
import { FOLLOWED } from "./followed";

interface Release {
  release: object | null;
}

const EVENTS = gql`
  subscription {
    releaseEvents {
      release {
        id
        name
      }
    }
  }
`;
const RELEASE = gql`
  query ($id: ID!) {
    release(id: $id) {
      id
      name
    }
  }
`;

test("of what events brought, the cache keeps the newest and what a page shows", async () => {
  vi.stubEnv("NODE_ENV", "production"); // in tests it collects nothing
  const listeners: ((value: object) => void)[] = [];
  const client = new Client({
    url: "http://127.0.0.1/graphql",
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        keys: { ReleaseEvent: () => null },
        updates: FOLLOWED,
        resolvers: { Query: { release: (_, { id }) => ({ __typename: "Release", id: id as string }) } },
      }),
      subscriptionExchange({
        forwardSubscription: () => ({
          subscribe: (sink) => {
            listeners.push((value) => sink.next(value));
            return { unsubscribe: () => {} };
          },
        }),
      }),
    ],
  });
  client.subscription(EVENTS, {}).subscribe(() => {});
  for (const id of ["1", "2", "3", "4"]) {
    const release = { __typename: "Release", id, name: `Falcon ${id}` };
    const data = { releaseEvents: { __typename: "ReleaseEvent", release } };
    listeners.forEach((next) => next({ data }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const kept = ["1", "2", "3", "4"].filter((id) => client.readQuery<Release>(RELEASE, { id })?.data?.release);
  expect(kept).toEqual(["4"]);
});
