import { Button, Tooltip } from "@mantine/core";

interface Props {
  label: string;
  /** Why it is not allowed, in the server's words; null if it is. */
  refusal: string | null;
  color?: "brand" | "red";
  /** Whether it is one of several beside smaller things, such as the rows of a list. */
  compact?: boolean;
  onClick: () => void;
}

/** A button that stays reachable by keyboard while it is disabled, so that its reason can be read. */
export function ActionButton({ label, refusal, color = "brand", compact = false, onClick }: Props) {
  const refused = refusal !== null;
  const main = compact ? "default" : "filled";
  const variant = color === "brand" ? main : "outline";
  return (
    <Tooltip
      label={refusal}
      disabled={!refused}
      multiline
      w={280}
      events={{ hover: true, focus: true, touch: true }}
    >
      <Button
        color={color}
        size={compact ? "compact-sm" : "sm"}
        variant={variant}
        flex="none"
        aria-disabled={refused}
        data-disabled={refused}
        aria-description={refusal ?? undefined}
        onClick={refused ? undefined : onClick}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
