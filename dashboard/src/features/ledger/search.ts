/** The filters of the ledger, so that the address of what somebody looks at can be sent to somebody else. */
export interface LedgerSearch {
  /** The tag of the event, like `release:approved`. */
  tag?: string;
  /** The id of the person who caused it. */
  actor?: string;
  /** The id of the release that it is about. */
  release?: string;
  /** The first instant, in UTC, and the first one after the last. */
  since?: string;
  until?: string;
}

const TEXTS = ["tag", "actor", "release"] as const;
const INSTANTS = ["since", "until"] as const;

/** Returns the filters of an address; what it says that is no filter is ignored. */
export function ledgerSearch(search: Record<string, unknown>): LedgerSearch {
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  const isInstant = (value: unknown) => isText(value) && !isNaN(Date.parse(value));
  const known = [
    ...TEXTS.filter((name) => isText(search[name])),
    ...INSTANTS.filter((name) => isInstant(search[name])),
  ];
  return Object.fromEntries(known.map((name) => [name, search[name]]));
}
