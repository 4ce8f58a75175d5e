import { Button, Tooltip } from "@mantine/core";
import type { Refusal } from "@/graphql/refusal";
import { RefusalText, useRefusalLine } from "./refusal-text";

interface Props {
  label: string;
  /** Why it is not allowed; null if it is. */
  refusal: Refusal | null;
  color?: "brand" | "red";
  /** Whether it is one of several beside smaller things, such as the rows of a list. */
  compact?: boolean;
  onClick: () => void;
}

/** A button that stays reachable by keyboard while it is disabled, so that its reason can be read. */
export function ActionButton({ label, refusal, color = "brand", compact = false, onClick }: Props) {
  const refused = refusal !== null;
  const lineOf = useRefusalLine();
  const main = compact ? "default" : "filled";
  const variant = color === "brand" ? main : "outline";
  return (
    <Tooltip
      label={refusal && <RefusalText refusal={refusal} />}
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
        aria-description={refusal ? lineOf(refusal) : undefined}
        onClick={refused ? undefined : onClick}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
