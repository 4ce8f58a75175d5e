import { Card, Group } from "@mantine/core";
import { useWords } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { TextLink } from "@/ui/links";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import type { ReleaseDetailFragment } from "./release.generated";

/** What was asked for: everything that approvers agree to, and who asked from where. */
export function ReleaseFacts({ release }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const { team, participants, requestedBy, requestedFrom } = release;
  const [signers, others] = [true, false].map((signs) =>
    participants
      .filter(({ permissions }) => permissions.includes("SIGN") === signs)
      .map(({ name }) => name)
      .join(", "),
  );
  const permitted = [
    signers ? [team && t.teamMembers(team.name), signers].filter(Boolean).join(": ") : t.nobody,
    others && t.unpermitted(word("permissions", "SIGN"), others),
  ];
  const origin = release.originCondition.map(
    ({ claim, equals, matches }) => `${claim}: ${[...equals, ...matches].join(", ")}`,
  );
  const { repository, ref, commit, workflow, run } = requestedFrom ?? {};
  return (
    <Section title={t.facts}>
      <Card withBorder>
        <Facts
          facts={[
            [t.type, word("types", release.type)],
            [t.category, word("categories", release.category)],
            [
              t.team,
              team && (
                <TextLink key="team" to="/teams/$id" params={{ id: team.id }} underline="always">
                  {team.name}
                </TextLink>
              ),
            ],
            [t.keypairs, <Keypairs key="keypairs" release={release} />],
            [t.certificate, release.withDefaultCertificate ? "✓" : null],
            [t.participants, permitted.filter(Boolean).join("\n")],
            [t.origin, origin.join("\n")],
            [t.by, requestedBy.name],
            [t.from, [repository, ref, commit, workflow, run].filter(Boolean).join("\n")],
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
        <TextLink key={id} to="/keypairs/$id" params={{ id }} underline="always">
          {alias} {!enabled && `(${t.disabled})`}
        </TextLink>
      ))}
    </Group>
  );
}
