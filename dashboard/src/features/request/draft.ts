import type { KeypairCategory, ReleaseType } from "@/graphql/schema.generated";
import type { DraftableFragment } from "./request.generated";
import type { RequestSearch } from "./search";
import { toInstant, toWallClock } from "@/i18n/zoned-time";

const HOUR_MILLISECONDS = 3_600_000;

/** What a person has entered so far; times are as their clock shows them. */
export interface Draft {
  name: string;
  version: string;
  note: string;
  type: ReleaseType;
  category: KeypairCategory;
  teamId: string | null;
  keypairIds: string[];
  participantIds: string[];
  startsAt: string;
  endsAt: string;
  maxSignatures: number | string;
  withDefaultCertificate: boolean;
}

export function emptyDraft(
  types: readonly ReleaseType[],
  now: number,
  zone: string,
  search: RequestSearch,
): Draft {
  const start = search.startsAt ? Date.parse(search.startsAt) : now + HOUR_MILLISECONDS / 4;
  return {
    name: "",
    version: "",
    note: "",
    type: types.find((type) => type === "OFFLINE") ?? types[0] ?? "OFFLINE",
    category: "STANDARD",
    teamId: null,
    keypairIds: search.keypair ? [search.keypair] : [],
    participantIds: [],
    startsAt: toWallClock(start, zone),
    endsAt: toWallClock(start + 2 * HOUR_MILLISECONDS, zone),
    maxSignatures: 10,
    withDefaultCertificate: false,
  };
}

/** Returns a release as a draft: to edit it, or with a new name and a window of the same length from now on. */
export function draftOf(release: DraftableFragment, isCopy: boolean, now: number, zone: string): Draft {
  const length = Date.parse(release.endsAt) - Date.parse(release.startsAt);
  const start = isCopy ? now + HOUR_MILLISECONDS / 4 : Date.parse(release.startsAt);
  return {
    name: isCopy ? "" : release.name,
    version: release.version ?? "",
    note: release.note ?? "",
    type: release.type,
    category: release.category,
    teamId: release.team?.id ?? null,
    keypairIds: release.keypairs.map(({ id }) => id),
    participantIds: release.participants.map(({ id }) => id),
    startsAt: toWallClock(start, zone),
    endsAt: toWallClock(start + length, zone),
    maxSignatures: release.maxSignatures,
    withDefaultCertificate: release.withDefaultCertificate,
  };
}

/** Returns the fields as the API takes them; the server says what is wrong with them. */
export function inputOf(draft: Draft, zone: string, teamsEnabled: boolean) {
  const instant = (wallClock: string) => new Date(toInstant(wallClock, zone) ?? 0).toISOString();
  return {
    name: draft.name,
    version: draft.version.trim() || null,
    note: draft.note.trim() || null,
    type: draft.type,
    category: draft.category,
    keypairIds: draft.keypairIds,
    startsAt: instant(draft.startsAt),
    endsAt: instant(draft.endsAt),
    maxSignatures: Number(draft.maxSignatures),
    withDefaultCertificate: draft.withDefaultCertificate,
    ...(teamsEnabled ? { teamId: draft.teamId } : { participantIds: draft.participantIds }),
  };
}

/** Returns those fields that an edit changed: an unchanged field is never sent, so that a locked one is no obstacle. */
export function changesOf(before: Draft, after: Draft, zone: string, teamsEnabled: boolean) {
  const [old, current] = [inputOf(before, zone, teamsEnabled), inputOf(after, zone, teamsEnabled)];
  const changed = Object.entries(current).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(old[field as keyof typeof old]),
  );
  return Object.fromEntries(changed);
}
