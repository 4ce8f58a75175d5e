import { expect, test } from "vitest";
import { ledgerSearch } from "./search";

test("an address keeps its filters", () => {
  const filters = { tag: "release:approved", actor: "VXNlcjox", since: "2030-01-01T10:00:00.000Z" };
  expect(ledgerSearch(filters)).toEqual(filters);
});

test("what is no filter is left out", () => {
  expect(ledgerSearch({ tag: 7, release: "", until: "tomorrow", page: "2" })).toEqual({});
});
