import { expect, test } from "vitest";
import { quoted } from "./shell-words";

test.each([
  ["falcon-release", "falcon-release"],
  ["Falcon 1.0", "'Falcon 1.0'"],
  ["$(reboot)", "'$(reboot)'"],
  ["it's", `'it'"'"'s'`],
  ["", "''"],
])("%s is written as %s", (text, word) => {
  expect(quoted(text)).toBe(word);
});
