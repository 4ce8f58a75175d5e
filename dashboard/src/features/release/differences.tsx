import { Card, Group, NativeSelect, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useSession } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { QueryState } from "@/ui/query-state";
import { Section } from "@/ui/section";
import { useChangeWords } from "./change-words";
import { messages } from "./messages";
import { ReleaseRevisionsDocument, type ReleaseDetailFragment } from "./release.generated";
import { differences, revisionsOf, type Change, type Revision } from "./revisions";

/** In what two revisions of a release differ; at first, what an approver has not seen yet of their own decision on. */
export function Differences({ release }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  const { id, revision } = release;
  const isEdited = revision > 1;
  const query = { query: ReleaseRevisionsDocument, variables: { id }, pause: !isEdited };
  const state = useLiveQuery(query, ["release:revised"]);
  if (!isEdited) return null;
  return (
    <Section title={t.differences}>
      <QueryState state={state} rows={2}>
        {({ release: edited }) => {
          const revisions = revisionsOf(edited?.history.edges.map(({ node }) => node) ?? []);
          return <Comparison key={revisions.length} release={release} revisions={revisions} />;
        }}
      </QueryState>
    </Section>
  );
}

function Comparison({ release, revisions }: { release: ReleaseDetailFragment; revisions: Revision[] }) {
  const t = useMessages(messages);
  const { instant } = useFormats();
  const { user } = useSession();
  const latest = revisions.at(-1)?.number ?? 1;
  const decided = release.approval?.decisions.find(({ approver }) => approver.id === user.id)?.revision;
  const [from, setFrom] = useState(decided && decided < latest ? decided : latest - 1);
  const [to, setTo] = useState(latest);
  const first = (revisions[0]?.number ?? 2) - 1;
  const nameOf = (number: number) => {
    const edit = revisions.find((each) => each.number === number);
    const [by, at] = edit ? [edit.by, edit.at] : [release.requestedBy.name, release.createdAt];
    // Of the revision before the first edit that is read, only the first one of all is known.
    return edit || number === 1 ? t.revisionBy(number, by, instant(at)) : t.revision(number);
  };
  const numbers = [first, ...revisions.map(({ number }) => number)];
  const choices = (from: number, until: number) =>
    numbers
      .filter((number) => number >= from && number <= until)
      .map((number) => ({ value: String(number), label: nameOf(number) }));
  return (
    <Card withBorder>
      <Stack>
        <Group grow preventGrowOverflow={false}>
          <NativeSelect
            label={t.fromRevision}
            value={from}
            data={choices(first, to - 1)}
            onChange={({ currentTarget }) => setFrom(Number(currentTarget.value))}
          />
          <NativeSelect
            label={t.toRevision}
            value={to}
            data={choices(from + 1, latest)}
            onChange={({ currentTarget }) => setTo(Number(currentTarget.value))}
          />
        </Group>
        <ChangeTable changes={differences(revisions, from, to)} />
      </Stack>
    </Card>
  );
}

function ChangeTable({ changes }: { changes: readonly Change[] }) {
  const t = useMessages(messages);
  const { nameOf, valueOf } = useChangeWords(changes);
  if (changes.length === 0) return <Text c="dimmed">{t.same}</Text>;
  return (
    <Table layout="fixed" style={{ overflowWrap: "anywhere" }}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t.field}</Table.Th>
          <Table.Th>{t.before}</Table.Th>
          <Table.Th>{t.after}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody style={{ whiteSpace: "pre-line", verticalAlign: "top" }}>
        {changes.map(({ field, before, after }) => (
          <Table.Tr key={field}>
            <Table.Th scope="row">{nameOf(field)}</Table.Th>
            <Table.Td c="dimmed">{valueOf(field, before)}</Table.Td>
            <Table.Td>{valueOf(field, after)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
