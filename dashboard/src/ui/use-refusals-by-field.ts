import { useState } from "react";
import { byField } from "@/graphql/by-field";
import { useLocale } from "@/i18n/locale";
import type { Refusal } from "@/graphql/refusal";
import { useRefusalLine } from "./refusal-text";

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
  const lineOf = useRefusalLine();
  const { language } = useLocale();
  // Below a field the sentence is enough for whoever reads it in their own language.
  const { fields: errors, rest } = byField(
    open,
    known,
    language === "en" ? ({ message }) => message : lineOf,
  );
  const correct = (fields: readonly string[]) =>
    setCorrected((before) => ({ refusals, fields: [...correctedOf(before), ...fields] }));
  return { errors, rest, correct };
}
