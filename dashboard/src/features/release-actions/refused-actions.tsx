import { Card, Text } from "@mantine/core";
import { useWords } from "@/app/session";
import type { ActionsFragment } from "@/graphql/fragments.generated";
import type { ReleaseAction } from "@/graphql/schema.generated";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { Facts } from "@/ui/facts";
import { RefusalText } from "@/ui/refusal-text";
import { messages } from "./messages";
import { groupedByReason } from "./reasons";

/** What cannot be done with a release, as a question behind which the reasons are. */
export function RefusedActions({ release }: { release: ActionsFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const { anyOf } = useFormats();
  const groups = groupedByReason(release.availableActions);
  if (groups.length === 0) return null;
  const wordsOf = (actions: readonly ReleaseAction[]) =>
    actions.map((action) => word("releaseActions", action));
  const verbs = wordsOf(groups.flatMap(({ actions }) => actions)).map((verb) => verb.toLowerCase());
  return (
    <details>
      <Text component="summary" size="sm" c="dimmed" w="fit-content" style={{ cursor: "pointer" }}>
        {t.whyNot(anyOf(verbs))}
      </Text>
      <Card fz="sm" p="xs">
        <Facts
          facts={groups.map(({ actions, refusal }) => [
            wordsOf(actions).join(", "),
            <RefusalText key={refusal.message} refusal={refusal} />,
          ])}
        />
      </Card>
    </details>
  );
}
