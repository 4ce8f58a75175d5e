import { Group } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/app/session";
import type { ActionsFragment, ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import type { ReleaseAction } from "@/graphql/schema.generated";
import { ActionButton } from "@/ui/action-button";
import { ActionDialog } from "./action-dialog";
import { ACTION_MUTATIONS } from "./actions";

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
          refusal={allowed ? null : (refusal ?? { message: "" })}
          color={mutation.color}
          onClick={() => setChosen(action)}
        />
      ))}
      {chosen && mutation && (
        <ActionDialog release={release} action={chosen} mutation={mutation} onClose={() => setChosen(null)} />
      )}
    </Group>
  );
}
