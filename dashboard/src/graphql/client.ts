import { cacheExchange } from "@urql/exchange-graphcache";
import { createClient as createSocket, type Client as Socket } from "graphql-ws";
import { Client, fetchExchange, mapExchange, subscriptionExchange, type CombinedError } from "urql";
import { FOLLOWED } from "./followed";
import { EMBEDDED_TYPES } from "./schema.generated";

/** Where the service is: the page's base, which is a path below the host where it is mounted. */
export const BASE = new URL("./", document.baseURI);

const PING_MILLISECONDS = 10_000;
const PONG_MILLISECONDS = 5_000;

export type ConnectionState = "connecting" | "open" | "lost";

export interface Handlers {
  onConnection: (state: ConnectionState) => void;
  /** The session has ended, or there has been none. */
  onUnauthenticated: () => void;
}

/** Returns whether the server refused an operation with this code, at the top level. */
export function isRefusedWith(error: CombinedError | undefined, code: string): boolean {
  return error?.graphQLErrors.some(({ extensions }) => extensions.code === code) ?? false;
}

/** Returns the only client of the GraphQL API: queries and mutations over HTTP, events over one socket. */
export function createClient(handlers: Handlers): { client: Client; socket: Socket } {
  const url = new URL("graphql", BASE).href;
  const socket = createEventSocket(url.replace(/^http/, "ws"), handlers);
  const client = new Client({
    url,
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    exchanges: [
      mapExchange({
        onError(error) {
          if (isRefusedWith(error, "UNAUTHENTICATED")) handlers.onUnauthenticated();
        },
      }),
      cacheExchange({
        keys: Object.fromEntries(EMBEDDED_TYPES.map((name) => [name, () => null])),
        updates: FOLLOWED,
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query: query ?? "", variables: variables as Record<string, unknown> },
              {
                next: (value) => sink.next(value as Parameters<typeof sink.next>[0]),
                // What ends a socket is an event, and what refuses an operation is a list of errors.
                error: (cause) => sink.error(Array.isArray(cause) ? cause : new Error("connection lost")),
                complete: () => sink.complete(),
              },
            ),
          }),
        }),
      }),
    ],
  });
  return { client, socket };
}

/** A socket that does not retry by itself: whoever follows resumes behind the last event. */
function createEventSocket(url: string, { onConnection }: Handlers): Socket {
  let overdue: ReturnType<typeof setTimeout> | undefined;
  const socket = createSocket({
    url,
    retryAttempts: 0,
    keepAlive: PING_MILLISECONDS,
    on: {
      connecting: () => onConnection("connecting"),
      connected: () => onConnection("open"),
      closed: () => {
        clearTimeout(overdue);
        onConnection("lost");
      },
      ping: (received) => {
        if (!received) overdue = setTimeout(() => socket.terminate(), PONG_MILLISECONDS);
      },
      pong: (received) => {
        if (received) clearTimeout(overdue);
      },
    },
  });
  // The browser knows at once what a ping would take seconds to notice.
  window.addEventListener("offline", () => socket.terminate());
  return socket;
}
