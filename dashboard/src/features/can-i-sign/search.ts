/** Whom and what the page is about, so that its address can be sent to somebody. */
export interface CanISignSearch {
  keypair?: string;
  user?: string;
  /** The instant, in UTC; without it, now. */
  at?: string;
}

const KNOWN = ["keypair", "user", "at"] as const;

export function canISignSearch(search: Record<string, unknown>): CanISignSearch {
  return Object.fromEntries(
    KNOWN.flatMap((name) => (typeof search[name] === "string" ? [[name, search[name]] as const] : [])),
  );
}
