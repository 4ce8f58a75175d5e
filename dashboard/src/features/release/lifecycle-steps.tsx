import { VisuallyHidden } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { StatusBadge } from "@/ui/status-badge";
import { useMessages } from "@/i18n/locale";
import { lifecycleOf } from "./lifecycle";
import classes from "./lifecycle-steps.module.css";
import { messages } from "./messages";

/** The way of a release through its statuses, with where it stands. */
export function LifecycleSteps({ release }: { release: Parameters<typeof lifecycleOf>[0] }) {
  const t = useMessages(messages);
  return (
    <ol className={classes.steps} aria-label={t.lifecycle}>
      {lifecycleOf(release).map(({ status, state }) => (
        <li
          key={status}
          className={classes.step}
          data-state={state}
          aria-current={state === "current" ? "step" : undefined}
        >
          <span className={classes.mark} aria-hidden>
            {state === "done" && <IconCheck size={14} stroke={3} />}
          </span>
          <StatusBadge status={status} />
          {state === "current" && <VisuallyHidden>{t.here}</VisuallyHidden>}
        </li>
      ))}
    </ol>
  );
}
