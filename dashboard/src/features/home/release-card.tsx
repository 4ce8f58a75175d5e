import { Card, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import { useMessages } from "@/i18n/locale";
import { Countdown } from "@/ui/countdown";
import { TimeSpan } from "@/ui/instant";
import { TextLink } from "@/ui/links";
import { StatusBadge } from "@/ui/status-badge";
import { messages } from "./messages";

/** A release on the home page: what it is, when, with which keypairs, and what can be done or seen at its right. */
export function ReleaseCard({
  release,
  note,
  children,
}: {
  release: ReleaseSummaryFragment;
  note?: string | null;
  children?: ReactNode;
}) {
  const t = useMessages(messages);
  const { id, name, version, status, startsAt, endsAt, team, keypairs, requestedBy, approval } = release;
  const facts = [
    team?.name,
    keypairs.map(({ alias }) => alias).join(", "),
    t.by(requestedBy.name),
    status === "PENDING" && approval && t.approvals(approval.received, approval.required),
  ];
  return (
    <Card withBorder padding="md" component="article">
      <Group justify="space-between" gap="md">
        <Stack gap={4} miw={0}>
          <Group gap="xs">
            <TextLink to="/releases/$id" params={{ id }} fw={650}>
              {name} {version}
            </TextLink>
            <StatusBadge status={status} />
          </Group>
          <Text size="sm">
            <TimeSpan from={startsAt} until={endsAt} /> · <Countdown release={release} />
          </Text>
          <Text size="sm" c="dimmed">
            {facts.filter(Boolean).join(" · ")}
          </Text>
          {note && (
            <Text size="sm" lineClamp={3}>
              {note}
            </Text>
          )}
        </Stack>
        {children}
      </Group>
    </Card>
  );
}
