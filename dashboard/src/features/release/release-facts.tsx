import { Badge, Card, Group } from "@mantine/core";
import { useWords } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import type { ReleaseDetailFragment } from "./release.generated";

/** What was asked for: everything that approvers agree to, and who asked from where. */
export function ReleaseFacts({ release }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const { team, participants, requestedBy, requestedFrom } = release;
  const signers = team ? t.teamMembers(team.name) : participants.map(({ name }) => name).join(", ");
  const origin = release.originCondition.map(
    ({ claim, equals, matches }) => `${claim}: ${[...equals, ...matches].join(", ")}`,
  );
  const from = requestedFrom && [requestedFrom.repository, requestedFrom.ref, requestedFrom.commit];
  return (
    <Section title={t.facts}>
      <Card withBorder>
        <Facts
          facts={[
            [t.type, word("types", release.type)],
            [t.category, word("categories", release.category)],
            [t.team, team?.name],
            [t.keypairs, <Keypairs key="keypairs" release={release} />],
            [t.certificate, release.withDefaultCertificate ? "✓" : null],
            [t.participants, signers],
            [t.origin, origin.join("\n")],
            [t.by, requestedBy.name],
            [t.from, from?.filter(Boolean).join(" ")],
            [t.at, <Instant key="at" at={release.createdAt} />],
            [t.note, release.note],
          ]}
        />
      </Card>
    </Section>
  );
}

function Keypairs({ release }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  return (
    <Group gap="xs">
      {release.keypairs.map(({ id, alias, enabled }) => (
        <Badge key={id} variant="default" tt="none" title={alias}>
          {alias} {!enabled && `(${t.disabled})`}
        </Badge>
      ))}
    </Group>
  );
}
