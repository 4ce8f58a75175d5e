import { Card, Text, Timeline } from "@mantine/core";
import { useWords } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Instant } from "@/ui/instant";
import { QueryState } from "@/ui/query-state";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import { ReleaseHistoryDocument, type ReleaseHistoryQuery } from "./release.generated";

type Entry = NonNullable<ReleaseHistoryQuery["release"]>["history"]["edges"][number]["node"];

/** What happened to a release, the newest first, with the differences that each edit made. */
export function History({ id }: { id: string }) {
  const t = useMessages(messages);
  const word = useWords();
  const state = useLiveQuery({ query: ReleaseHistoryDocument, variables: { id } }, ["release:"]);
  return (
    <Section title={t.history}>
      <QueryState state={state} rows={3}>
        {({ release }) => (
          <Card withBorder>
            <Timeline bulletSize={14} lineWidth={2}>
              {release?.history.edges.map(({ node }) => (
                <Timeline.Item key={node.id} title={word("tags", node.tag)}>
                  <Text size="sm" c="dimmed">
                    {node.actorName} · <Instant at={node.effectiveAt} />
                  </Text>
                  {node.reason && <Text size="sm">{node.reason}</Text>}
                  <Changes changes={node.changes} />
                </Timeline.Item>
              ))}
            </Timeline>
          </Card>
        )}
      </QueryState>
    </Section>
  );
}

function Changes({ changes }: { changes: Entry["changes"] }) {
  const t = useMessages(messages);
  const shown = (value: unknown): string => {
    if (value === null || value === undefined || value === "") return t.nothing;
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  return changes.map(({ field, before, after }) => (
    <Text key={field} size="sm">
      {t.change(field, shown(before), shown(after))}
    </Text>
  ));
}
