import { expect, test } from "vitest";
import { concerns, EVERYTHING } from "./signals";

test("an event concerns who follows the beginning of its tag", () => {
  expect(concerns("release:approved", ["team:", "release:"])).toBe(true);
  expect(concerns("user:created", ["team:", "release:"])).toBe(false);
  expect(concerns("user:created", [""])).toBe(true);
  expect(concerns(EVERYTHING, ["team:"])).toBe(true);
});

test("nothing concerns who follows nothing, such as a query that waits", () => {
  expect(concerns("release:approved", [])).toBe(false);
  expect(concerns(EVERYTHING, [])).toBe(false);
});
