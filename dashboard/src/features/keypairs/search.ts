import type { KeypairFilter, KeypairSummaryFragment } from "./keypairs.generated";

/** What a keypair can be used for now: a release can hold it, or it is free, or it is disabled. */
export const STATES = ["FREE", "HELD", "DISABLED"] as const;
export type KeypairState = (typeof STATES)[number];

/** What the address of the keypairs page says about its filters. */
export interface KeypairSearch {
  search?: string;
  state?: KeypairState;
}

const FILTERS: Record<KeypairState, KeypairFilter> = {
  FREE: { enabled: true, held: false },
  HELD: { enabled: true, held: true },
  DISABLED: { state: ["DISABLED"] },
};

export function keypairSearch({ search, state }: Record<string, unknown>): KeypairSearch {
  const text = typeof search === "string" || typeof search === "number" ? String(search) : "";
  const known = STATES.find((each) => each === state);
  return { ...(text && { search: text }), ...(known && { state: known }) };
}

export function filterOf({ search, state }: KeypairSearch): KeypairFilter {
  return { ...(state && FILTERS[state]), ...(search && { aliasContains: search }) };
}

type States = Pick<KeypairSummaryFragment, "state"> & { heldBy: unknown };

/** Returns what is said of a keypair: one that is retired is disabled for good. */
export function stateOf({ state, heldBy }: States): KeypairState | "RETIRED" {
  if (state !== "ENABLED") return state;
  return heldBy ? "HELD" : "FREE";
}
