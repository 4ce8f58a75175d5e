import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { TextLink } from "@/ui/links";
import { StateBadge } from "@/ui/status-badge";
import { messages } from "./messages";
import type { PersonSummaryFragment } from "./people.generated";

interface Props {
  person: PersonSummaryFragment;
  /** What can be done with the person there. */
  action?: ReactNode;
}

/** One person of a list: name, address and roles. */
export function PersonRow({ person: { id, name, email, roles, ...state }, action }: Props) {
  return (
    <>
      <Group gap="xs">
        <TextLink to="/people/$id" params={{ id }} fw={600}>
          {name}
        </TextLink>
        <PersonBadge person={state} />
      </Group>
      <Text size="sm">{email}</Text>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed">
          {roles.map((role) => role.name).join(", ")}
        </Text>
        {action}
      </Group>
    </>
  );
}

/** Says who is not simply a person that is active. */
export function PersonBadge({ person }: { person: Pick<PersonSummaryFragment, "active" | "service"> }) {
  const t = useMessages(messages);
  if (!person.active) return <StateBadge state="DISABLED">{t.inactive}</StateBadge>;
  return person.service && <StateBadge state="HELD">{t.service}</StateBadge>;
}
