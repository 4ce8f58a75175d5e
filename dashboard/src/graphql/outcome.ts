import type { Refusal } from "./refusal";

/** How the commands that a part of a page sends have ended. */
export interface Outcome {
  refusals: Refusal[];
  /** What had the focus when the newest answer's command was sent. */
  sender: Element | null;
}

export const NONE: Outcome = { refusals: [], sender: null };

/**
 * Returns the outcome with another answer. Commands may be under way together, and their answers come in any order: one
 * that succeeds leaves it standing that another was refused.
 */
export function withAnswer(before: Outcome, refusals: Refusal[], sender: Element | null): Outcome {
  return { refusals: refusals.length > 0 ? refusals : before.refusals, sender };
}
