import { expect, test } from "vitest";
import { filterOf, keypairSearch, stateOf } from "./search";

test("what an address says that is no filter is ignored", () => {
  expect(keypairSearch({ search: 7, state: "HELD", page: 2 })).toEqual({ search: "7", state: "HELD" });
  expect(keypairSearch({ search: ["a"], state: "LOST" })).toEqual({});
});

test("each state is a filter of the server's, beside the text", () => {
  expect(filterOf({})).toEqual({});
  expect(filterOf({ state: "FREE", search: "falcon" })).toEqual({
    enabled: true,
    held: false,
    aliasContains: "falcon",
  });
});

test("a keypair that is disabled or retired is so, whatever holds it", () => {
  expect(stateOf({ state: "DISABLED", heldBy: {} })).toBe("DISABLED");
  expect(stateOf({ state: "RETIRED", heldBy: null })).toBe("RETIRED");
  expect(stateOf({ state: "ENABLED", heldBy: {} })).toBe("HELD");
  expect(stateOf({ state: "ENABLED", heldBy: null })).toBe("FREE");
});
