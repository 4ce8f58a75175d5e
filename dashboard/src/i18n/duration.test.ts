import { expect, test } from "vitest";
import { formatDuration } from "./duration";

test.each([
  [0, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_725_000, "1 h 2 min"],
  [86_400_000 * 9, "9 d"],
  [-5_000, "0 s"],
])("%i milliseconds are %s", (milliseconds, text) => {
  expect(formatDuration(milliseconds, "en")).toBe(text);
});

test("German has its own units", () => {
  expect(formatDuration(90_061_000, "de")).toBe("1 T 1 Std.");
});
