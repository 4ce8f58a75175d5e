// What a client with generated types looks like: it does not compile where it disagrees with the schema.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { ReleasesDocument, WithdrawDocument, type ReleaseStatus } from "./generated.js";

const [url, token] = process.argv.slice(2) as [string, string];

async function ask<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await answer.json()) as { data: Data; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const pending: ReleaseStatus = "PENDING";
const { releases } = await ask(ReleasesDocument, { filter: { status: [pending] }, first: 5 });
if (!releases) throw new Error("the list was refused");
const [first] = releases.edges;
if (!first) throw new Error("there is one");
const name: string = first.node.name;
const { withdrawRelease } = await ask(WithdrawDocument, { input: { id: first.node.id } });
const status: ReleaseStatus | undefined = withdrawRelease.release?.status;
console.log(JSON.stringify({ total: releases.totalCount, name, status }));
