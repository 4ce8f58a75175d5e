import type { ReleaseStatus, ReleaseType } from "@/graphql/schema.generated";
import type { Draft } from "./draft";

/** What becomes of the approval of a release that is edited. */
export type EditEffect =
  | "ENDED"
  | "OPEN_FOR_APPROVERS"
  | "OPEN_FOR_REQUESTER"
  | "FOR_APPROVERS"
  | "DECISIONS_VOID"
  | "APPROVED_AGAIN"
  | "NEEDS_APPROVAL"
  | "NO_APPROVAL"
  | KeptApproval;

/** The approval stands, although something else than labels may have been changed. */
export type KeptApproval = "OPEN_APPROVED" | "APPROVAL_KEPT";

interface Edit {
  status: ReleaseStatus;
  /** The type that the release has after the edit. */
  type: ReleaseType;
  isApprover: boolean;
  isRequester: boolean;
  /** Whether the account asks the approvers again after an edit of an approved release. */
  reapproves: boolean;
}

/** Returns what becomes of the approval, as sections 3 and 4 of the specification have it. */
export function editEffect(edit: Edit): EditEffect {
  const { status, type, reapproves } = edit;
  if (status === "IN_PROGRESS") return effectWhileOpen(edit);
  if (status === "COMPLETED" || status === "FAILED" || status === "REJECTED") return "ENDED";
  if (type !== "OFFLINE") return "NO_APPROVAL";
  if (status === "PENDING") return "DECISIONS_VOID";
  if (status === "ACTIVE") return "NEEDS_APPROVAL";
  if (reapproves) return "APPROVED_AGAIN";
  return edit.isApprover ? "APPROVAL_KEPT" : "FOR_APPROVERS";
}

function effectWhileOpen({ type, isApprover, isRequester }: Edit): EditEffect {
  if (type === "OFFLINE") return isApprover ? "OPEN_APPROVED" : "OPEN_FOR_APPROVERS";
  return isRequester ? "NO_APPROVAL" : "OPEN_FOR_REQUESTER";
}

/** Returns whether the approval stands although something else than labels may have been changed. */
export function keepsApproval(effect: EditEffect): effect is KeptApproval {
  return effect === "OPEN_APPROVED" || effect === "APPROVAL_KEPT";
}

/** Returns whether an edit allows more signing: longer, more, by more people or with more keypairs. */
export function widens(before: Draft, after: Draft): boolean {
  return (
    after.endsAt > before.endsAt ||
    Number(after.maxSignatures) > Number(before.maxSignatures) ||
    !after.keypairIds.every((id) => before.keypairIds.includes(id)) ||
    !after.participantIds.every((id) => before.participantIds.includes(id)) ||
    after.teamId !== before.teamId
  );
}
