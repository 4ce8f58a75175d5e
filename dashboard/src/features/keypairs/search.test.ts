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

test("a disabled keypair is disabled, whatever holds it", () => {
  expect(stateOf({ enabled: false, heldBy: {} })).toBe("DISABLED");
  expect(stateOf({ enabled: true, heldBy: {} })).toBe("HELD");
  expect(stateOf({ enabled: true, heldBy: null })).toBe("FREE");
});
