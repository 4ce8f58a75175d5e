// A typed client made from the schema by @graphql-codegen, compiled by tsc, and asked to ask the server.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse, printSchema } from "graphql";

const [schemaFile, url, token] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "countersign-client-"));
const schema = buildSchema(readFileSync(schemaFile, "utf8"));

const generated = await codegen({
  filename: "generated.ts",
  schema: parse(printSchema(schema)),
  documents: [{ location: "client.graphql", document: parse(readFileSync("client.graphql", "utf8")) }],
  config: {
    strictScalars: true,
    scalars: { DateTime: "string", Base64: "string", BigInt: "number", JSON: "unknown" },
    useTypeImports: true,
    enumsAsTypes: true,
  },
  pluginMap: { operations, typedDocumentNode },
  plugins: [{ operations: {} }, { typedDocumentNode: {} }],
});

writeFileSync(join(folder, "generated.ts"), generated);
writeFileSync(join(folder, "client.ts"), readFileSync("client.ts"));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
symlinkSync(join(import.meta.dirname, "node_modules"), join(folder, "node_modules"));
const tsc = join(import.meta.dirname, "node_modules/typescript/bin/tsc");
const options = "--strict --noUnusedLocals --target es2022 --module nodenext --types node --skipLibCheck";
try {
  execFileSync(process.execPath, [tsc, ...options.split(" "), "client.ts"], { cwd: folder });
} catch (error) {
  console.error(String(error.stdout));
  throw error;
}
process.stdout.write(execFileSync(process.execPath, ["client.js", url, token], { cwd: folder }));
