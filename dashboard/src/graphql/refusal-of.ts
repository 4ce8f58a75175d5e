import type { SubjectAction } from "./schema.generated";
import type { PossibleFragment } from "./fragments.generated";

/** Returns why the server would refuse an action, in its words, or null if it would not. */
export function refusalOf(
  { availableActions }: { availableActions: readonly PossibleFragment[] },
  wanted: SubjectAction,
): string | null {
  const possible = availableActions.find(({ action }) => action === wanted);
  return possible?.allowed ? null : (possible?.refusal?.message ?? "");
}
