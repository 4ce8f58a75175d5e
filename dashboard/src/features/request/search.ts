/** What the address of the request form says: which release is edited, or copied; otherwise a new one is requested. */
export interface RequestSearch {
  edit?: string;
  copy?: string;
  keypair?: string;
  /** When the window starts, such as the begin of a free gap. */
  startsAt?: string;
}

const KNOWN = ["edit", "copy", "keypair", "startsAt"] as const;

export function requestSearch(search: Record<string, unknown>): RequestSearch {
  return Object.fromEntries(
    KNOWN.flatMap((name) => (typeof search[name] === "string" ? [[name, search[name]] as const] : [])),
  );
}
