import { expect, test } from "vitest";
import type { Refusal } from "./refusal";
import { NONE, withAnswer } from "./outcome";

const REFUSAL = { code: "INVALID_INPUT", message: "Choose a channel." } satisfies Refusal;

test("of commands that are under way together, the refusal stays in whichever order they are answered", () => {
  expect(withAnswer(withAnswer(NONE, [REFUSAL], null), [], null).refusals).toEqual([REFUSAL]);
  expect(withAnswer(withAnswer(NONE, [], null), [REFUSAL], null).refusals).toEqual([REFUSAL]);
  expect(withAnswer(NONE, [], null).refusals).toEqual([]);
});
