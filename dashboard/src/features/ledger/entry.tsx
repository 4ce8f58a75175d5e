import { Code, Group, Stack, Text } from "@mantine/core";
import { useWords } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { TextLink } from "@/ui/links";
import classes from "./entry.module.css";
import type { LedgerRowFragment } from "./ledger.generated";
import { messages } from "./messages";
import { Outcome } from "./outcome";
import { nameOf, useSubjects, type Subject } from "./subjects";

/** Entries that were read together, with what they are about. */
export function Entries({ entries }: { entries: readonly LedgerRowFragment[] }) {
  const subjects = useSubjects(entries);
  return entries.map((entry) => (
    <Entry
      key={entry.id}
      entry={entry}
      subject={subjects.get(entry.subjectId ?? "")}
      keypair={subjects.get(entry.keypairId ?? "")}
    />
  ));
}

interface EntryProps {
  entry: LedgerRowFragment;
  subject: Subject | undefined;
  keypair: Subject | undefined;
}

function Entry({ entry, subject, keypair }: EntryProps) {
  const t = useMessages(messages);
  const word = useWords();
  return (
    <li className={classes.entry}>
      <Group justify="space-between" gap="0 0.5rem" align="baseline">
        <Group gap="0 0.5rem" align="baseline">
          <Text fw={600}>{word("tags", entry.tag)}</Text>
          <About entry={entry} subject={subject} />
        </Group>
        <Text size="sm" c="dimmed">
          <Instant at={entry.effectiveAt} />
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        {[entry.channel !== "CLOCK" && entry.actorName, entry.channel && t.through[entry.channel]]
          .filter(Boolean)
          .join(" · ")}
      </Text>
      {entry.attempt && (
        <Text size="sm">{t.refused(entry.attempt.command, word("refusals", entry.attempt.code))}</Text>
      )}
      <Outcome entry={entry} keypair={keypair && nameOf(keypair)} />
      {entry.reason && <Text size="sm">{entry.reason}</Text>}
      <Details entry={entry} />
    </li>
  );
}

/** The pages of what is not a release. */
const PAGES_OF: Partial<Record<Subject["__typename"], "/keypairs/$id" | "/people/$id" | "/teams/$id">> = {
  Keypair: "/keypairs/$id",
  User: "/people/$id",
  Team: "/teams/$id",
};

function About({ entry: { release }, subject }: { entry: LedgerRowFragment; subject: Subject | undefined }) {
  if (release) {
    return (
      <TextLink to="/releases/$id" params={{ id: release.id }}>
        {release.name} {release.version}
      </TextLink>
    );
  }
  const to = subject && PAGES_OF[subject.__typename];
  if (to) {
    return (
      <TextLink to={to} params={{ id: subject.id }}>
        {nameOf(subject)}
      </TextLink>
    );
  }
  return subject && <Text>{nameOf(subject)}</Text>;
}

/** What the ledger stores of an entry, down to its hash. */
function Details({ entry }: { entry: LedgerRowFragment }) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const { release, changes } = entry;
  const changed = changes.map(({ field, before, after }) =>
    t.change(field, shown(before) || t.nothing, shown(after) || t.nothing),
  );
  return (
    <details className={classes.details}>
      <summary>
        {t.position(number(entry.position))}, {t.details}
      </summary>
      <Stack gap="xs">
        <Facts
          facts={[
            [t.recorded, <Instant key="at" at={entry.recordedAt} />],
            [t.changes, changed.join("\n")],
            [t.hash, <Code key="hash">{entry.hash}</Code>],
            [t.previousHash, <Code key="previous">{entry.previousHash}</Code>],
            [
              t.data,
              <Code key="data" block tabIndex={0}>
                {JSON.stringify(entry.details, null, 2)}
              </Code>,
            ],
          ]}
        />
        {release && (
          <TextLink to="/ledger" search={{ release: release.id }} size="sm">
            {t.ofRelease}
          </TextLink>
        )}
      </Stack>
    </details>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
