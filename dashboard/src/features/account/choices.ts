import { RELEASE_TYPES } from "@/graphql/enum-values";
import type { QuotaOnOnline, ReleaseType } from "@/graphql/schema.generated";
import type { AccountDetailFragment } from "./account.generated";

export const QUOTAS = ["REFUSE", "UNASSOCIATED"] as const satisfies readonly QuotaOnOnline[];

export const FIELDS = [
  "requiredApprovals",
  "allowSelfApproval",
  "reapproveOnEdit",
  "signedInApprovals",
  "teamsEnabled",
  "enabledReleaseTypes",
  "maxWindowDays",
  "quotaOnOnline",
  "restrictSigningToReleases",
  "offlineCertification",
  "usersMayRenameThemselves",
] as const satisfies readonly (keyof AccountDetailFragment)[];

export type Rules = Pick<AccountDetailFragment, (typeof FIELDS)[number]>;

/** Returns the rules that a draft changes: what is left out stays as it is, whoever changed it meanwhile. */
export function changedRules(account: Rules, draft: Rules): Partial<Rules> {
  const changed = FIELDS.filter((name) => JSON.stringify(draft[name]) !== JSON.stringify(account[name]));
  return Object.fromEntries(changed.map((name) => [name, draft[name]]));
}

/** Returns the types in the order of the form, so that choosing one again is no change. */
export function ordered(types: readonly string[]): ReleaseType[] {
  return RELEASE_TYPES.filter((type) => types.includes(type));
}
