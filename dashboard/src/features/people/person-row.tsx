import { Group, Text } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { TextLink } from "@/ui/links";
import { StateBadge } from "@/ui/status-badge";
import { messages } from "./messages";
import type { PersonSummaryFragment } from "./people.generated";

/** One person of a list: name, address and roles. */
export function PersonRow({
  person: { id, name, email, roles, ...state },
}: {
  person: PersonSummaryFragment;
}) {
  return (
    <>
      <Group gap="xs">
        <TextLink to="/people/$id" params={{ id }} fw={600}>
          {name}
        </TextLink>
        <PersonBadge person={state} />
      </Group>
      <Text size="sm">{email}</Text>
      <Text size="sm" c="dimmed">
        {roles.map((role) => role.name).join(", ")}
      </Text>
    </>
  );
}

/** Says who is not simply a person that is active. */
export function PersonBadge({ person }: { person: Pick<PersonSummaryFragment, "active" | "service"> }) {
  const t = useMessages(messages);
  if (!person.active) return <StateBadge state="DISABLED">{t.inactive}</StateBadge>;
  return person.service && <StateBadge state="HELD">{t.service}</StateBadge>;
}
