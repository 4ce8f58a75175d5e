import { expect, test } from "vitest";
import { barPlaces, freezesIn, gapOf, holdOf, startIn } from "./lane-rules";

const at = (clock: string) => Date.parse(`2030-06-03T${clock}:00Z`);
const VIEW = { from: at("08:00"), until: at("20:00") };
const HELD = { createdAt: "2030-06-03T07:00:00Z", endsAt: "2030-06-03T12:00:00Z" };

test("a keypair is held from the request to the end of the window", () => {
  expect(holdOf({ enabled: true, heldBy: HELD })).toEqual([at("07:00"), at("12:00")]);
  expect(holdOf({ enabled: true, heldBy: null })).toBeNull();
});

test("a gap is what is left of the view for a keypair that is free", () => {
  const free = { enabled: true, heldBy: null };
  expect(gapOf(free, VIEW, at("10:00"))).toEqual([at("10:00"), at("20:00")]);
  expect(gapOf(free, VIEW, at("06:00"))).toEqual([at("08:00"), at("20:00")]);
  expect(gapOf(free, VIEW, at("21:00"))).toBeNull();
  expect(gapOf({ ...free, enabled: false }, VIEW, at("10:00"))).toBeNull();
  expect(gapOf({ ...free, heldBy: HELD }, VIEW, at("10:00"))).toBeNull();
});

test("a click in a gap is rounded by the clock of the person's zone", () => {
  const gap = [at("10:00"), at("20:00")] as const;
  expect(startIn(gap, 0, "hours", "UTC")).toBeUndefined();
  expect(startIn(gap, 0.519, "hours", "UTC")).toBe("2030-06-03T15:00:00.000Z");
  expect(startIn(gap, 0.5, "week", "Asia/Kolkata")).toBe("2030-06-03T12:30:00.000Z");
});

const placesOf = (spans: readonly (readonly [string, string])[]) =>
  barPlaces(
    spans.map(([start, end]) => [at(start), at(end)] as const),
    { from: at("10:00"), until: at("20:00") },
    2,
  ).map((place) => place && [Math.round(place.left * 10) / 10, Math.round(place.width * 10) / 10]);

test("bars stay in the view however many short ones there are", () => {
  const minutes = Array.from({ length: 60 }, (_, minute) => `10:${String(minute).padStart(2, "0")}`);
  const spans = [...minutes, "20:00"].map((start, index, all) => [start, all[index + 1] ?? start] as const);
  const places = placesOf(spans.slice(0, -1)).map((place) => place ?? [NaN, NaN]);
  for (const [left = NaN, width = NaN] of places) {
    expect(left).toBeGreaterThanOrEqual(0);
    expect(left + width).toBeLessThanOrEqual(100.1);
    expect(width).toBeGreaterThan(0);
  }
});

test("a bar is where its window is, and has a width that can be seen and hit", () => {
  expect(placesOf([["11:00", "12:00"]])).toEqual([[10, 10]]);
  expect(placesOf([["11:00", "11:01"]])).toEqual([[10, 2]]);
  expect(placesOf([["08:00", "09:00"]])).toEqual([null]);
});

test("a short bar does not cover the one behind it", () => {
  const [short, long] = [["11:00", "11:01"] as const, ["11:01", "12:00"] as const];
  expect(placesOf([short, long])).toEqual([
    [10, 2],
    [12, 8],
  ]);
  expect(placesOf([long, short])).toEqual([
    [12, 8],
    [10, 2],
  ]);
  const series = [
    ["11:00", "11:01"],
    ["11:02", "11:03"],
    ["11:04", "11:05"],
  ] as const;
  expect(placesOf(series)).toEqual([
    [10, 2],
    [12, 2],
    [14, 2],
  ]);
});

test("short bars at the right edge stay in the view, beside each other", () => {
  expect(
    placesOf([
      ["19:57", "19:58"],
      ["19:59", "20:10"],
    ]),
  ).toEqual([
    [96, 2],
    [98, 2],
  ]);
});

test("only what overlaps in time overlaps on the screen", () => {
  expect(
    placesOf([
      ["11:00", "13:00"],
      ["12:00", "14:00"],
    ]),
  ).toEqual([
    [10, 20],
    [20, 20],
  ]);
});

test("freezes of a view", () => {
  const [froze, lifted] = [
    { at: at("09:00"), frozen: true },
    { at: at("10:00"), frozen: false },
  ];
  const now = at("12:00");
  expect(freezesIn([], false, VIEW, now)).toEqual([]);
  expect(freezesIn([], true, VIEW, now)).toEqual([[VIEW.from, VIEW.until]]);
  expect(freezesIn([froze, lifted], false, VIEW, now)).toEqual([[at("09:00"), at("10:00")]]);
  expect(freezesIn([lifted], false, VIEW, now)).toEqual([[VIEW.from, at("10:00")]]);
  expect(freezesIn([froze], true, VIEW, now)).toEqual([[at("09:00"), VIEW.until]]);
  expect(freezesIn(null, true, VIEW, now)).toEqual([[now, VIEW.until]]);
  expect(freezesIn(null, false, VIEW, now)).toEqual([]);
});
