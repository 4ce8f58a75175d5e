import type { Refusal } from "@/graphql/use-command";

/** The fields of the form, as the API names them. */
const FIELDS = [
  ...["name", "version", "note", "type", "category", "teamId", "keypairIds", "participantIds"],
  ...["startsAt", "endsAt", "maxSignatures", "withDefaultCertificate"],
];

/** Returns what is wrong by field, and those refusals that are about no field of the form. */
export function byField(refusals: readonly Refusal[]) {
  const fields: Record<string, string> = {};
  const rest: Refusal[] = [];
  for (const refusal of refusals) {
    const names = (refusal.field ?? []).filter((name) => FIELDS.includes(name));
    for (const name of names) fields[name] = [fields[name], refusal.message].filter(Boolean).join(" ");
    if (names.length === 0) rest.push(refusal);
  }
  return { fields, rest };
}
