import { expect, test } from "vitest";
import { regionalTag } from "./locale";

test.each([
  ["en", ["en-GB", "en", "de"], "en-GB"],
  ["en", ["de-AT", "en-US"], "en-US"],
  ["de", ["en-GB"], "de"],
  ["de-CH", ["de-AT"], "de-CH"],
  ["en", [], "en"],
])("dates of %s in a browser of %s are written as in %s", (tag, browserTags, written) => {
  expect(regionalTag(tag, browserTags)).toBe(written);
});
