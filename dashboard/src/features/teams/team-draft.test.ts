import { expect, test } from "vitest";
import { draftOf, EMPTY_TEAM, inputOf, newInputOf } from "./team-draft";

const TEAM = {
  name: "Falcon",
  requiredApprovals: 2,
  revision: 7,
  keypairsConnection: {
    edges: [{ node: { id: "k", alias: "vault", enabled: true } }],
    pageInfo: { hasNextPage: false },
  },
};

test("what is not changed is sent back as it was, and nothing about members", () => {
  expect(inputOf(draftOf(TEAM))).toEqual({
    name: "Falcon",
    requiredApprovals: 2,
    revision: 7,
    keypairIds: ["k"],
  });
});

test("keypairs of further pages are not lost", () => {
  const more = { ...TEAM.keypairsConnection, pageInfo: { hasNextPage: true } };
  expect(inputOf(draftOf({ ...TEAM, keypairsConnection: more }))).not.toHaveProperty("keypairIds");
});

test("a new team has members and no revision", () => {
  const members = [{ value: "a", label: "Ann (ann@example.com)" }];
  expect(newInputOf({ ...EMPTY_TEAM, name: "Falcon", members })).toEqual({
    name: "Falcon",
    requiredApprovals: 1,
    memberIds: ["a"],
    keypairIds: [],
  });
});
