import type { ReleaseStatus, ReleaseType } from "@/graphql/schema.generated";

export const STATUSES: readonly ReleaseStatus[] = [
  "PENDING",
  "APPROVED",
  "ACTIVE",
  "IN_PROGRESS",
  "COMPLETED",
  "FAILED",
  "REJECTED",
];
export const TYPES: readonly ReleaseType[] = ["OFFLINE", "ONLINE", "TEST"];
export const ORDERS = ["STARTS_AT", "ENDS_AT", "CREATED_AT", "NAME"] as const;

/** What the address of the releases page says about its filters: an address can be kept and shared. */
export interface ReleaseSearch {
  status?: ReleaseStatus[];
  type?: ReleaseType[];
  mine?: true;
  awaitingMe?: true;
  search?: string;
  order?: (typeof ORDERS)[number];
  direction?: "ASC" | "DESC";
}

function chosen<Value extends string>(value: unknown, known: readonly Value[]): Value[] | undefined {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const valid = known.filter((each) => values.includes(each));
  return valid.length > 0 ? valid : undefined;
}

/** Returns the filters of an address; what it says that is no filter is ignored. */
export function releaseSearch(search: Record<string, unknown>): ReleaseSearch {
  const text =
    typeof search.search === "string" || typeof search.search === "number" ? String(search.search) : "";
  const filters = {
    status: chosen(search.status, STATUSES),
    type: chosen(search.type, TYPES),
    mine: search.mine === true ? true : undefined,
    awaitingMe: search.awaitingMe === true ? true : undefined,
    search: text || undefined,
    order: chosen(search.order, ORDERS)?.[0],
    direction: chosen(search.direction, ["ASC", "DESC"] as const)?.[0],
  };
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}
