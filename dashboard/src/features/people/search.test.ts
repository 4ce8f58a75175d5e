import { expect, test } from "vitest";
import { filterOf, peopleSearch, teamsSearch } from "./search";

test("without a filter, people who are active are listed", () => {
  expect(filterOf(peopleSearch({}))).toEqual({ active: true, service: false });
});

test("a kind and a text narrow the list", () => {
  const search = peopleSearch({ kind: "INACTIVE", search: "ann" });
  expect(filterOf(search)).toEqual({ active: false, search: "ann" });
});

test("what is no filter is left out", () => {
  expect(peopleSearch({ kind: "ROBOT", search: "", page: 2 })).toEqual({});
  expect(teamsSearch({ search: 7 })).toEqual({ search: "7" });
});
