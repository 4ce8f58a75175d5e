import type { Refusal } from "./refusal";

/**
 * Returns what is wrong by the fields of a form, as the API names them, and those refusals that are about none;
 * `lineOf` answers a refusal as the text below a field.
 */
export function byField(
  refusals: readonly Refusal[],
  known: readonly string[],
  lineOf: (refusal: Refusal) => string,
) {
  const fields: Record<string, string> = {};
  const rest: Refusal[] = [];
  for (const refusal of refusals) {
    const names = (refusal.field ?? []).filter((name) => known.includes(name));
    for (const name of names) fields[name] = [fields[name], lineOf(refusal)].filter(Boolean).join(" ");
    if (names.length === 0) rest.push(refusal);
  }
  return { fields, rest };
}
