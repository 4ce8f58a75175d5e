import { Checkbox, Stack } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { messages } from "./messages";
import { RolesDocument } from "./people.generated";

interface Props {
  /** The names of the roles that are chosen. */
  value: string[];
  error: string | undefined;
  onChange: (names: string[]) => void;
}

/** The roles of the account, of which some are chosen. */
export function RoleChoice({ value, error, onChange }: Props) {
  const t = useMessages(messages);
  const { data } = useLiveQuery({ query: RolesDocument }, ["role:"]);
  const roles = (data?.roles?.edges ?? []).map(({ node }) => node);
  return (
    <Checkbox.Group label={t.roles} description={t.rolesHint} error={error} value={value} onChange={onChange}>
      <Stack gap="xs" mt="xs">
        {roles.map(({ id, name }) => (
          <Checkbox key={id} value={name} label={name} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
