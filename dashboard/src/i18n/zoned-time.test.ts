import { expect, test } from "vitest";
import { toInstant, toWallClock } from "./zoned-time";

test.each([
  ["2026-07-01T14:00", "Europe/Berlin", "2026-07-01T12:00:00.000Z"],
  ["2026-12-01T14:00", "America/New_York", "2026-12-01T19:00:00.000Z"],
  ["2026-12-01T14:00", "Asia/Kolkata", "2026-12-01T08:30:00.000Z"],
  ["2026-12-01T14:00", "UTC", "2026-12-01T14:00:00.000Z"],
  // The hour that is there twice when summer time ends: the first one.
  ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
  // The hour that is skipped when it begins.
  ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
])("%s in %s is %s", (wallClock, zone, instant) => {
  expect(new Date(toInstant(wallClock, zone) ?? 0).toISOString()).toBe(instant);
});

test("a clock shows what was entered", () => {
  const entered = "2026-07-01T14:05";
  expect(toWallClock(toInstant(entered, "Australia/Lord_Howe") ?? 0, "Australia/Lord_Howe")).toBe(entered);
});

test.each(["", "tomorrow", "2026-07-01"])("%s is no time", (text) => {
  expect(toInstant(text, "UTC")).toBeNull();
});
