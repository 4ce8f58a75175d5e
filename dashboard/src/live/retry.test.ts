import { expect, test } from "vitest";
import { retryDelayMilliseconds } from "./retry";

test("attempts are further and further apart, up to a bound", () => {
  const delays = [0, 1, 2, 10, 1000].map((attempt) => retryDelayMilliseconds(attempt, () => 1));
  expect(delays).toEqual([500, 1_000, 2_000, 15_000, 15_000]);
});

test("clients do not come back all at once", () => {
  expect(retryDelayMilliseconds(1, () => 0)).toBe(500);
});
