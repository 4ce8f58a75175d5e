import { useState } from "react";
import { byField } from "@/graphql/by-field";
import type { Refusal } from "@/graphql/use-command";

interface Corrected {
  /** What was refused when the fields were changed: another answer of the server counts for all fields again. */
  refusals: readonly Refusal[];
  fields: readonly string[];
}

/**
 * Returns what was refused: at the given fields, as the API names them, and the rest. `correct` is called with the
 * fields that were changed since: a refusal that is about one of them is no longer shown.
 */
export function useRefusalsByField(refusals: readonly Refusal[], known: readonly string[]) {
  const [corrected, setCorrected] = useState<Corrected>({ refusals, fields: [] });
  const correctedOf = (before: Corrected) => (before.refusals === refusals ? before.fields : []);
  const changed = correctedOf(corrected);
  const open = refusals.filter(({ field }) => !field?.some((name) => changed.includes(name)));
  const { fields: errors, rest } = byField(open, known);
  const correct = (fields: readonly string[]) =>
    setCorrected((before) => ({ refusals, fields: [...correctedOf(before), ...fields] }));
  return { errors, rest, correct };
}
