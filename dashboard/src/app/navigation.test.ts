import { expect, test } from "vitest";
import { isWithin, refusedPage } from "./navigation";

test("a page has what is below it, and no other page that begins alike", () => {
  expect(isWithin("/releases", "/releases/one")).toBe(true);
  expect(isWithin("/releases", "/releasesmore")).toBe(false);
  expect(isWithin("/", "/releases")).toBe(false);
});

test("a page is refused to who lacks its permission, and to nobody else", () => {
  expect(refusedPage("/webhooks/one", () => false)).toMatchObject({ permission: "MANAGE_ACCOUNT" });
  expect(refusedPage("/webhooks/one", () => true)).toBeUndefined();
  expect(refusedPage("/releases", () => false)).toBeUndefined();
  expect(refusedPage("/nowhere", () => false)).toBeUndefined();
});
