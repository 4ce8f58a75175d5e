import type { KeypairFilter } from "./keypairs.generated";

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
  DISABLED: { enabled: false },
};

export function keypairSearch({ search, state }: Record<string, unknown>): KeypairSearch {
  const text = typeof search === "string" || typeof search === "number" ? String(search) : "";
  const known = STATES.find((each) => each === state);
  return { ...(text && { search: text }), ...(known && { state: known }) };
}

export function filterOf({ search, state }: KeypairSearch): KeypairFilter {
  return { ...(state && FILTERS[state]), ...(search && { aliasContains: search }) };
}

export function stateOf({ enabled, heldBy }: { enabled: boolean; heldBy: unknown }): KeypairState {
  if (!enabled) return "DISABLED";
  return heldBy ? "HELD" : "FREE";
}
