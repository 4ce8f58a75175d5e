import { expect, test } from "vitest";
import { emptyDraft } from "./draft";
import { editEffect, widens } from "./edit-effect";

const OTHER = { isApprover: false, isRequester: false, reapproves: true };
const APPROVER = { ...OTHER, isApprover: true };

test.each([
  ["IN_PROGRESS", "OFFLINE", APPROVER, "OPEN_APPROVED"],
  ["IN_PROGRESS", "OFFLINE", { ...OTHER, isRequester: true }, "OPEN_FOR_APPROVERS"],
  ["IN_PROGRESS", "ONLINE", APPROVER, "OPEN_FOR_REQUESTER"],
  ["IN_PROGRESS", "TEST", { ...OTHER, isRequester: true }, "NO_APPROVAL"],
  ["PENDING", "OFFLINE", OTHER, "DECISIONS_VOID"],
  ["PENDING", "ONLINE", OTHER, "NO_APPROVAL"],
  ["APPROVED", "OFFLINE", APPROVER, "APPROVED_AGAIN"],
  ["APPROVED", "OFFLINE", { ...APPROVER, reapproves: false }, "APPROVAL_KEPT"],
  ["APPROVED", "OFFLINE", { ...OTHER, reapproves: false }, "FOR_APPROVERS"],
  ["ACTIVE", "OFFLINE", OTHER, "NEEDS_APPROVAL"],
  ["ACTIVE", "ONLINE", OTHER, "NO_APPROVAL"],
  ["COMPLETED", "OFFLINE", APPROVER, "ENDED"],
] as const)("an edit of a release that is %s and %s by %o: %s", (status, type, person, effect) => {
  expect(editEffect({ status, type, ...person })).toBe(effect);
});

const before = {
  ...emptyDraft(["OFFLINE"], Date.parse("2026-06-01T10:00:00Z"), "UTC", {}),
  keypairIds: ["k", "l"],
  participantIds: ["u"],
  teamId: "t",
};

test.each([
  { endsAt: "2026-06-01T13:00" },
  { maxSignatures: 11 },
  { keypairIds: ["k", "m"] },
  { participantIds: ["u", "v"] },
  { teamId: "s" },
])("%o allows more than before", (change) => {
  expect(widens(before, { ...before, ...change })).toBe(true);
});

test.each([{}, { endsAt: "2026-06-01T11:00" }, { maxSignatures: 9 }, { keypairIds: ["l"] }, { note: "Why" }])(
  "%o allows no more than before",
  (change) => {
    expect(widens(before, { ...before, ...change })).toBe(false);
  },
);
