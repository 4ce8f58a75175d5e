import { Group } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useWords } from "@/app/session";
import type { ActionsFragment, ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import type { ReleaseAction } from "@/graphql/schema.generated";
import { ActionButton } from "@/ui/action-button";
import { ACTION_MUTATIONS } from "./actions";

/** Not for everybody who opens the first page, so it is a file of its own. */
const ActionDialog = lazy(() => import("./action-dialog"));

export type ActionableRelease = ReleaseSummaryFragment & ActionsFragment;

/**
 * The buttons of what can be done with a release. With `only` they are those of these actions, and one that is not
 * allowed is disabled and says why.
 */
export function ReleaseActions({ release, only }: { release: ActionableRelease; only?: ReleaseAction[] }) {
  const word = useWords();
  const [chosen, setChosen] = useState<ReleaseAction | null>(null);
  const shown = release.availableActions.flatMap((available) => {
    const mutation = ACTION_MUTATIONS[available.action];
    const isShown = only ? only.includes(available.action) : available.allowed;
    return mutation && isShown ? [{ ...available, mutation }] : [];
  });
  const mutation = chosen && ACTION_MUTATIONS[chosen];
  if (shown.length === 0 && !chosen) return null;
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
        <Suspense>
          <ActionDialog
            release={release}
            action={chosen}
            mutation={mutation}
            onClose={() => setChosen(null)}
          />
        </Suspense>
      )}
    </Group>
  );
}
