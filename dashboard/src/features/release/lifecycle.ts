import type { ReleaseStatus, ReleaseType } from "@/graphql/schema.generated";

export interface Step {
  status: ReleaseStatus;
  state: "done" | "current" | "ahead";
}

interface Lived {
  type: ReleaseType;
  status: ReleaseStatus;
  openedAt: string | null;
  approval: { remaining: number } | null;
}

/**
 * Returns the way of a release through its statuses: what lies behind it, where it stands, and what comes next. A
 * release that ended early has the statuses that it reached, and then its end.
 */
export function lifecycleOf({ type, status, openedAt, approval }: Lived): Step[] {
  const planned: ReleaseStatus[] =
    type === "OFFLINE"
      ? ["PENDING", "APPROVED", "IN_PROGRESS", "COMPLETED"]
      : ["ACTIVE", "IN_PROGRESS", "COMPLETED"];
  const position = planned.indexOf(status);
  if (position >= 0) {
    const isOver = status === "COMPLETED";
    return planned.map((each, index) => ({
      status: each,
      state: index < position || isOver ? "done" : index === position ? "current" : "ahead",
    }));
  }
  const wasApproved = type !== "OFFLINE" || approval?.remaining === 0;
  const reached = openedAt ? planned.indexOf("IN_PROGRESS") + 1 : planned.indexOf("IN_PROGRESS");
  const behind = planned.slice(0, openedAt || wasApproved ? reached : 1);
  return [...behind.map((each) => ({ status: each, state: "done" }) as const), { status, state: "current" }];
}
