import { Button, Group, Tooltip } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/app/session";
import type { ActionsFragment, ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import type { ReleaseAction } from "@/graphql/schema.generated";
import { ActionDialog } from "./action-dialog";
import { ACTION_MUTATIONS, type ActionMutation } from "./actions";

export type ActionableRelease = ReleaseSummaryFragment & ActionsFragment;

/**
 * The buttons of what can be done with a release. One that is not allowed is disabled and says why in the server's
 * words; with `only`, those actions alone are shown.
 */
export function ReleaseActions({ release, only }: { release: ActionableRelease; only?: ReleaseAction[] }) {
  const word = useWords();
  const [chosen, setChosen] = useState<ReleaseAction | null>(null);
  const shown = release.availableActions.flatMap((available) => {
    const mutation = ACTION_MUTATIONS[available.action];
    return mutation && (!only || only.includes(available.action)) ? [{ ...available, mutation }] : [];
  });
  const mutation = chosen && ACTION_MUTATIONS[chosen];
  return (
    <Group gap="xs">
      {shown.map(({ action, allowed, refusal, mutation }) => (
        <ActionButton
          key={action}
          label={word("releaseActions", action)}
          refusal={allowed ? null : (refusal?.message ?? "")}
          mutation={mutation}
          onClick={() => setChosen(action)}
        />
      ))}
      {chosen && mutation && (
        <ActionDialog release={release} action={chosen} mutation={mutation} onClose={() => setChosen(null)} />
      )}
    </Group>
  );
}

interface ActionButtonProps {
  label: string;
  refusal: string | null;
  mutation: ActionMutation;
  onClick: () => void;
}

/** A button that stays reachable by keyboard while it is disabled, so that its reason can be read. */
function ActionButton({ label, refusal, mutation: { color }, onClick }: ActionButtonProps) {
  const refused = refusal !== null;
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
        variant={color === "brand" ? "filled" : "outline"}
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
