import { Badge } from "@mantine/core";
import { useWords } from "@/app/session";
import type { ReleaseStatus } from "@/graphql/schema.generated";
import classes from "./status-badge.module.css";

/** The status of a release in the server's words, with a colour that says the same. */
export function StatusBadge({ status }: { status: ReleaseStatus }) {
  const title = useWords()("statuses", status);
  return (
    <Badge className={classes.badge} data-status={status} variant="default">
      {title}
    </Badge>
  );
}
