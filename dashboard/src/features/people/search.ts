import type { UserFilter } from "./people.generated";

/** Who is listed, besides people who are active. */
export const KINDS = ["INACTIVE", "SERVICE"] as const;
export type PersonKind = (typeof KINDS)[number];

/** What the address of the people page says about its filters. */
export interface PeopleSearch {
  search?: string;
  kind?: PersonKind;
}

const FILTERS: Record<PersonKind, UserFilter> = {
  INACTIVE: { active: false },
  SERVICE: { active: true, service: true },
};
const ACTIVE_PEOPLE: UserFilter = { active: true, service: false };

export function peopleSearch({ search, kind }: Record<string, unknown>): PeopleSearch {
  const known = KINDS.find((each) => each === kind);
  return { ...teamsSearch({ search }), ...(known && { kind: known }) };
}

export function filterOf({ search, kind }: PeopleSearch): UserFilter {
  return { ...(kind ? FILTERS[kind] : ACTIVE_PEOPLE), ...(search && { search }) };
}

/** What the address of the teams page says about its filter. */
export interface TeamsSearch {
  search?: string;
}

export function teamsSearch({ search }: Record<string, unknown>): TeamsSearch {
  const text = typeof search === "string" || typeof search === "number" ? String(search) : "";
  return text ? { search: text } : {};
}
