import type { KeypairAccess, KeypairCategory, ReleaseType } from "./schema.generated";

/** The types of releases and keypairs, the strictest first. */
export const RELEASE_TYPES = ["OFFLINE", "ONLINE", "TEST"] as const satisfies readonly ReleaseType[];

/** The categories of releases and keypairs. */
export const CATEGORIES = ["STANDARD", "GPG"] as const satisfies readonly KeypairCategory[];

/** Who may use a keypair: everybody whose team has it, or those who are assigned to it. */
export const ACCESSES = ["OPEN", "RESTRICTED"] as const satisfies readonly KeypairAccess[];
