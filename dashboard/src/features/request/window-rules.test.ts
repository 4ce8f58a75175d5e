import { expect, test } from "vitest";
import { windowFault } from "./window-rules";

const HOUR = 3_600_000;

test.each([
  [0, HOUR, null],
  [HOUR, HOUR, "backwards"],
  [-2 * HOUR, 0, "past"],
  [0, 24 * HOUR + 1, "tooLong"],
  [0, 24 * HOUR, null],
  [null, HOUR, "notATime"],
  [0, null, "notATime"],
] as const)("from %s to %s: %s", (startsAt, endsAt, fault) => {
  expect(windowFault(startsAt, endsAt, 0, 1)).toBe(fault);
});
