// Follows releases with a client of other people's: graphql-ws or graphql-sse. A line of JSON for each event,
// and one for how it ended.
import { createClient as overEvents } from "graphql-sse";
import { createClient as overSocket } from "graphql-ws";

const [way, url, token, after] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const tell = (told) => console.log(JSON.stringify(told));
const clients = {
  "graphql-ws": () =>
    overSocket({ url: url.replace("http", "ws"), connectionParams: headers, webSocketImpl: WebSocket, retryAttempts: 0 }),
  "graphql-sse": () => overEvents({ url, headers, retryAttempts: 0 }),
};
const client = clients[way]();
const query = `subscription Events($after: String) {
  releaseEvents(after: $after) { cursor tag release { name status } entry { position } } }`;
client.subscribe(
  { query, variables: { after } },
  {
    next: ({ data, errors }) => tell(errors ? { errors } : data.releaseEvents),
    error: (error) => tell({ failed: String(error) }),
    complete: () => tell({ complete: true }),
  },
);
tell({ subscribing: true });
