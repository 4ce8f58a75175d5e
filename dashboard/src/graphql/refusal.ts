import type { CombinedError } from "urql";
import type { PossibleFragment, RefusalFragment } from "./fragments.generated";
import type { ErrorCode, SubjectAction } from "./schema.generated";

/** A refusal as pages show it: of one field, or of the whole command. What was no refusal has no code. */
export type Refusal = Pick<RefusalFragment, "message"> & Partial<RefusalFragment>;

/** Returns why the server would refuse an action, or null if it would not. */
export function refusalOf(
  { availableActions }: { availableActions: readonly PossibleFragment[] },
  wanted: SubjectAction,
): Refusal | null {
  const possible = availableActions.find(({ action }) => action === wanted);
  return possible?.allowed ? null : (possible?.refusal ?? { message: "" });
}

/** Returns why an operation has no answer; `unreachable` says that the service did not give any. */
export function refusalOfError(error: CombinedError | undefined, unreachable: string): Refusal {
  const refused = error?.graphQLErrors[0];
  if (!refused) return { message: unreachable };
  // Faults of the query itself have codes of their own, which no vocabulary names.
  return { code: refused.extensions.code as ErrorCode, message: refused.message };
}
