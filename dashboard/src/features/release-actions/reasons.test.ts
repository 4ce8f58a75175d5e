import { expect, test } from "vitest";
import { groupedByReason } from "./reasons";

const refusal = (message: string) => ({ code: "WRONG_STATUS", message }) as const;

test("actions that are refused for the same reason are said together, and those that are not are left out", () => {
  const groups = groupedByReason([
    { action: "APPROVE", allowed: false, refusal: refusal("It has ended.") },
    { action: "UPDATE", allowed: true, refusal: null },
    { action: "STOP", allowed: false, refusal: refusal("You are no approver.") },
    { action: "REJECT", allowed: false, refusal: refusal("It has ended.") },
    { action: "SIGN", allowed: false, refusal: refusal("No window is open.") },
  ]);
  expect(groups).toEqual([
    { actions: ["APPROVE", "REJECT"], refusal: refusal("It has ended.") },
    { actions: ["STOP"], refusal: refusal("You are no approver.") },
  ]);
});
