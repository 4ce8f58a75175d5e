import { expect, test } from "vitest";
import { lifecycleOf } from "./lifecycle";

const shown = (...[release]: Parameters<typeof lifecycleOf>) =>
  lifecycleOf(release).map(({ status, state }) => `${status} ${state}`);
const pending = { type: "OFFLINE", status: "PENDING", openedAt: null, approval: { remaining: 2 } } as const;

test("a pending release has everything but its request ahead", () => {
  expect(shown(pending)).toEqual([
    "PENDING current",
    "APPROVED ahead",
    "IN_PROGRESS ahead",
    "COMPLETED ahead",
  ]);
});

test("an online release needs no approval", () => {
  const open = { ...pending, type: "ONLINE", status: "IN_PROGRESS", approval: null } as const;
  expect(shown(open)).toEqual(["ACTIVE done", "IN_PROGRESS current", "COMPLETED ahead"]);
});

test("a completed release has nothing ahead", () => {
  const completed = { ...pending, status: "COMPLETED" } as const;
  expect(shown(completed).every((step) => step.endsWith("done"))).toBe(true);
});

test("a rejected release was never approved", () => {
  expect(shown({ ...pending, status: "REJECTED" })).toEqual(["PENDING done", "REJECTED current"]);
});

test("a release that was stopped while it was open keeps what it reached", () => {
  const stopped = { ...pending, status: "FAILED", openedAt: "2026-01-01T00:00:00Z" } as const;
  expect(shown(stopped)).toEqual(["PENDING done", "APPROVED done", "IN_PROGRESS done", "FAILED current"]);
});

test("a release that was withdrawn after its approval was approved", () => {
  const withdrawn = { ...pending, status: "REJECTED", approval: { remaining: 0 } } as const;
  expect(shown(withdrawn)).toEqual(["PENDING done", "APPROVED done", "REJECTED current"]);
});
