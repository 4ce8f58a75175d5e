import type { Draft } from "./draft";

/** What every part of the form gets: the draft, what is wrong by field, and how to change it. */
export interface FieldProps {
  draft: Draft;
  errors: Record<string, string>;
  change: (change: Partial<Draft>) => void;
}
