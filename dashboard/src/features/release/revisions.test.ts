import { expect, test } from "vitest";
import { differences, revisionsOf } from "./revisions";

const entry = (
  tag: string,
  details: unknown,
  ...changes: [field: string, before: unknown, after: unknown][]
) => ({
  tag,
  effectiveAt: "2030-06-03T12:00:00Z",
  actorName: "Dana",
  details,
  changes: changes.map(([field, before, after]) => ({ field, before, after })),
});
const HISTORY = [
  entry("release:revised", { revision: 4 }, ["keypairIds", ["a"], ["a", "b"]]),
  entry("release:revised", { revision: 3 }, ["note", "one", null], ["name", "B", "A"]),
  entry("release:approval:recorded", { revision: 2 }),
  entry(
    "release:revised",
    { revision: 2 },
    ["note", null, "one"],
    ["name", "A", "B"],
    ["maxSignatures", 1, 2],
  ),
  entry("release:requested", { revision: 1 }),
];
const revisions = revisionsOf(HISTORY);
const between = (from: number, to: number) =>
  differences(revisions, from, to).map(({ field, before, after }) => [field, before, after]);

test("the edits of a release are its revisions", () => {
  expect(revisions.map(({ number }) => number)).toEqual([2, 3, 4]);
});

test("what several edits changed is shown as one difference, and what was taken back as none", () => {
  expect(between(1, 2)).toEqual([
    ["note", null, "one"],
    ["name", "A", "B"],
    ["maxSignatures", 1, 2],
  ]);
  expect(between(1, 3)).toEqual([["maxSignatures", 1, 2]]);
  expect(between(2, 4)).toEqual([
    ["note", "one", null],
    ["name", "B", "A"],
    ["keypairIds", ["a"], ["a", "b"]],
  ]);
  expect(between(4, 4)).toEqual([]);
});
