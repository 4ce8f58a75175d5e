import { expect, test } from "vitest";
import { draftOf, EMPTY_TEAM, inputOf } from "./team-draft";

const TEAM = {
  id: "t",
  name: "Falcon",
  requiredApprovals: 2,
  revision: 7,
  createdAt: "2030-01-01T00:00:00Z",
  availableActions: [],
  keypairsConnection: {
    edges: [{ node: { id: "k", alias: "vault", enabled: true } }],
    pageInfo: { hasNextPage: false },
  },
  membersConnection: { edges: [{ node: { id: "a", name: "Ann" } }], pageInfo: { hasNextPage: false } },
};

test("what is not changed is sent back as it was", () => {
  expect(inputOf(draftOf(TEAM))).toEqual({
    name: "Falcon",
    requiredApprovals: 2,
    revision: 7,
    memberIds: ["a"],
    keypairIds: ["k"],
  });
});

test("members of further pages are not lost", () => {
  const more = { ...TEAM.membersConnection, pageInfo: { hasNextPage: true } };
  const input = inputOf(draftOf({ ...TEAM, membersConnection: more }));
  expect(input).not.toHaveProperty("memberIds");
});

test("a new team has no revision", () => {
  expect(inputOf(EMPTY_TEAM)).not.toHaveProperty("revision");
});
