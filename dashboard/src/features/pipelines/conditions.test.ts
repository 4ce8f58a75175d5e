import { expect, test } from "vitest";
import { CLAIMS, draftOf, firstConditions, inputOf, KINDS } from "./conditions";

test("a value with an asterisk is a pattern", () => {
  const draft = [{ claim: " ref ", values: ["refs/heads/main", "refs/tags/v*"] }];
  expect(inputOf(draft)).toEqual([{ claim: "ref", equals: ["refs/heads/main"], matches: ["refs/tags/v*"] }]);
});

test("a condition that is read is sent back as it was", () => {
  const condition = { claim: "ref", equals: ["main"], matches: ["refs/tags/v*"] };
  expect(inputOf([draftOf(condition)])).toEqual([condition]);
});

test("an empty row is no condition", () => {
  expect(inputOf([{ claim: "", values: [] }])).toEqual([]);
});

test("a new rule begins with the claim that says whose pipeline it is", () => {
  for (const kind of KINDS) expect(firstConditions(kind)).toEqual([{ claim: CLAIMS[kind][0], values: [] }]);
});
