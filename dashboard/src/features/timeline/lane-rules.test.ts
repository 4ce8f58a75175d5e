import { expect, test } from "vitest";
import { freezesIn, gapOf, holdOf, startIn } from "./lane-rules";

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
