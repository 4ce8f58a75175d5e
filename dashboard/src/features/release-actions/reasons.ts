import type { ActionsFragment } from "@/graphql/fragments.generated";
import type { Refusal } from "@/graphql/refusal";
import type { ReleaseAction } from "@/graphql/schema.generated";

interface Group {
  actions: ReleaseAction[];
  refusal: Refusal;
}

/** Returns the actions that are not allowed, by why; signing, which has a page of its own to say so, is none of them. */
export function groupedByReason(available: ActionsFragment["availableActions"]): Group[] {
  const groups = new Map<string, Group>();
  for (const { action, allowed, refusal } of available) {
    if (allowed || !refusal || action === "SIGN") continue;
    const group = groups.get(refusal.message);
    if (group) group.actions.push(action);
    else groups.set(refusal.message, { actions: [action], refusal });
  }
  return [...groups.values()];
}
