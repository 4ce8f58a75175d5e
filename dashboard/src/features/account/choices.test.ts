import { expect, test } from "vitest";
import { changedRules, ordered, type Rules } from "./choices";

const ACCOUNT: Rules = {
  requiredApprovals: 2,
  allowSelfApproval: false,
  reapproveOnEdit: true,
  signedInApprovals: false,
  teamsEnabled: true,
  enabledReleaseTypes: ["OFFLINE", "TEST"],
  maxWindowDays: 90,
  quotaOnOnline: "REFUSE",
  restrictSigningToReleases: false,
  offlineCertification: true,
  usersMayRenameThemselves: false,
};

test("only what was changed is sent", () => {
  expect(changedRules(ACCOUNT, { ...ACCOUNT })).toEqual({});
  const draft: Rules = { ...ACCOUNT, maxWindowDays: 30, enabledReleaseTypes: ["OFFLINE"] };
  expect(changedRules(ACCOUNT, draft)).toEqual({ maxWindowDays: 30, enabledReleaseTypes: ["OFFLINE"] });
});

test("types are in one order, whichever was chosen last", () => {
  expect(ordered(["TEST", "OFFLINE"])).toEqual(["OFFLINE", "TEST"]);
});
