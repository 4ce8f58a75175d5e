// PostGraphile over Countersign's tables, as its documentation serves it from a library:
//   node postgraphile.mjs postgresql://... PORT
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const [connectionString, port] = process.argv.slice(2);
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ["public"] })],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false },
};
const server = createServer();
const instance = postgraphile(preset).createServ(grafserv);
await instance.addTo(server);
if (process.argv.includes("--print")) {
  const { printSchema } = await import("postgraphile/graphql");
  console.log(printSchema(await instance.getSchema()));
}
server.listen(Number(port), "127.0.0.1");
