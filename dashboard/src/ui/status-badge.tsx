import { Badge } from "@mantine/core";
import type { ReactNode } from "react";
import { useWords } from "@/app/session";
import type { ReleaseStatus } from "@/graphql/schema.generated";
import classes from "./status-badge.module.css";

/** The status of a release in the server's words, with a colour that says the same. */
export function StatusBadge({ status }: { status: ReleaseStatus }) {
  return <StateBadge state={status}>{useWords()("statuses", status)}</StateBadge>;
}

/** A state in words, with the colour that it has in the style sheet. */
export function StateBadge({
  state,
  children,
}: {
  state: ReleaseStatus | "FREE" | "HELD" | "DISABLED" | "RETIRED";
  children: ReactNode;
}) {
  return (
    <Badge className={classes.badge} data-status={state} variant="default">
      {children}
    </Badge>
  );
}
