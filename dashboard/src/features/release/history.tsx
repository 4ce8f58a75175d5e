import { Card, Text, Timeline } from "@mantine/core";
import { useWords } from "@/app/session";
import { messages as ledgerMessages } from "@/features/ledger/messages";
import { Outcome } from "@/features/ledger/outcome";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Instant } from "@/ui/instant";
import { MoreButton, Paged } from "@/ui/paged";
import { Section } from "@/ui/section";
import { useChangeWords } from "./change-words";
import { messages } from "./messages";
import { ReleaseHistoryDocument } from "./release.generated";
import type { Change } from "./revisions";

/** What happened to a release, the newest first, with the differences that each edit made. */
export function History({ id }: { id: string }) {
  const t = useMessages(messages);
  const { through } = useMessages(ledgerMessages);
  const word = useWords();
  const pages = usePages(ReleaseHistoryDocument, { id }, ({ release }) => release?.history ?? null, [
    "release:",
  ]);
  return (
    <Section title={t.history}>
      <Paged pages={pages} empty={t.nothing}>
        {(entries) => (
          <Card withBorder>
            <Timeline bulletSize={14} lineWidth={2}>
              {entries.map((entry) => (
                <Timeline.Item key={entry.id} title={word("tags", entry.tag)}>
                  <Text size="sm" c="dimmed">
                    {entry.channel === "CLOCK" ? through.CLOCK : entry.actorName} ·{" "}
                    <Instant at={entry.effectiveAt} />
                  </Text>
                  <Outcome entry={entry} />
                  {entry.reason && <Text size="sm">{entry.reason}</Text>}
                  <Changes changes={entry.changes} />
                </Timeline.Item>
              ))}
            </Timeline>
          </Card>
        )}
      </Paged>
      <MoreButton pages={pages} />
    </Section>
  );
}

function Changes({ changes }: { changes: readonly Change[] }) {
  const t = useMessages(messages);
  const { nameOf, valueOf } = useChangeWords(changes);
  return changes.map(({ field, before, after }) => (
    <Text key={field} size="sm">
      {t.change(nameOf(field), valueOf(field, before), valueOf(field, after))}
    </Text>
  ));
}
