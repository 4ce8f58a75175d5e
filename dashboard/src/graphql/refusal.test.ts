import { CombinedError } from "urql";
import { expect, test } from "vitest";
import { refusalOf, refusalOfError } from "./refusal";

const refusal = { code: "FORBIDDEN", message: "Ask an administrator." } as const;
const subject = {
  availableActions: [
    { action: "UPDATE", allowed: true, refusal: null },
    { action: "RENEW", allowed: false, refusal },
  ],
} as const;

test("only what is not allowed has a refusal", () => {
  expect(refusalOf(subject, "UPDATE")).toBeNull();
  expect(refusalOf(subject, "RENEW")).toEqual(refusal);
});

test("an action that the server does not know is not allowed", () => {
  expect(refusalOf(subject, "RETIRE")).toEqual({ message: "" });
});

test("an error of the server has its code, and one of the network only says that there is no answer", () => {
  const refused = { message: refusal.message, extensions: { code: refusal.code } };
  expect(refusalOfError(new CombinedError({ graphQLErrors: [refused] }), "away")).toEqual(refusal);
  const failed = new CombinedError({ networkError: new Error("Failed to fetch") });
  expect(refusalOfError(failed, "away")).toEqual({ message: "away" });
});
