import { expect, test } from "vitest";
import { labelledTicksOf, placeOf, spanOf, ticksOf, viewAround, ZOOMS } from "./view";

const HOUR = 3_600_000;
const view = { from: 0, until: 10 * HOUR };

test("a window is where it is in the view, and cut at its edges", () => {
  expect(placeOf(2 * HOUR, 4 * HOUR, view)).toEqual({ left: 20, width: 20 });
  expect(placeOf(-HOUR, HOUR, view)).toEqual({ left: 0, width: 10 });
  expect(placeOf(9 * HOUR, 20 * HOUR, view)).toEqual({ left: 90, width: 10 });
});

test("a window outside of the view is not shown, nor is one that only touches it", () => {
  expect(placeOf(-2 * HOUR, 0, view)).toBeNull();
  expect(placeOf(10 * HOUR, 11 * HOUR, view)).toBeNull();
});

test("a view has lines from its beginning, and holds what it is around", () => {
  const around = viewAround(100 * HOUR, "day", "UTC");
  expect(around.until - around.from).toBe(ZOOMS.day.span);
  expect(around.from).toBeLessThanOrEqual(100 * HOUR);
  expect(ticksOf(around, "day")[0]).toBe(around.from);
  expect(ticksOf(around, "day")).toHaveLength(8);
});

test("lines are those of the zone, and their labels at its midnights and noons", () => {
  const noon = Date.UTC(2026, 6, 1, 12);
  const hoursOf = (ticks: number[]) => ticks.map((tick) => new Date(tick + 2 * HOUR).getUTCHours());
  const around = viewAround(noon, "day", "Europe/Berlin");
  expect(hoursOf(ticksOf(around, "day"))).toEqual([0, 6, 12, 18, 0, 6, 12, 18]);
  expect(hoursOf(labelledTicksOf(around, "day", "Europe/Berlin"))).toEqual([0, 12, 0, 12]);
  const monday = new Date(viewAround(noon, "month", "Europe/Berlin").from + 2 * HOUR);
  expect([monday.getUTCDay(), monday.getUTCHours()]).toEqual([1, 0]);
});

test("an early end counts, and what never opened is where it was planned", () => {
  const at = (hours: number) => new Date(hours * HOUR).toISOString();
  expect(spanOf({ startsAt: at(1), endsAt: at(5), endedAt: at(3) })).toEqual([HOUR, 3 * HOUR]);
  expect(spanOf({ startsAt: at(1), endsAt: at(5), endedAt: at(0) })).toEqual([HOUR, 5 * HOUR]);
  expect(spanOf({ startsAt: at(1), endsAt: at(5), endedAt: null })).toEqual([HOUR, 5 * HOUR]);
});
