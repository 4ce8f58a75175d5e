import { expect, test } from "vitest";
import { formatsOf } from "./formats";
import { regionalTag } from "./locale";
import { nameOfLocale } from "./locale-choices";

test.each([
  ["en", ["en-GB", "en", "de"], "en-GB"],
  ["en", ["de-AT", "en-US"], "en-US"],
  ["de", ["en-GB"], "de"],
  ["de-CH", ["de-AT"], "de-CH"],
  ["en", [], "en"],
  ["zh-yue", ["de-AT"], "en"],
  ["de-12", ["de-AT"], "de"],
])("dates of %s in a browser of %s are written as in %s", (tag, browserTags, written) => {
  expect(regionalTag(tag, browserTags)).toBe(written);
});

test("a language whose tag no browser takes is written as its tag", () => {
  const { language } = formatsOf({ language: "en", tag: "en", timeZone: "UTC" });
  expect([language("zh-yue"), nameOfLocale("zh-yue")]).toEqual(["zh-yue", "zh-yue"]);
  expect([language("de-AT"), nameOfLocale("de-AT")]).toEqual(["Austrian German", "Deutsch (Österreich)"]);
});
