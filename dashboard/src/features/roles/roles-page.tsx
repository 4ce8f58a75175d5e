import { Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useSession, useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { usePages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { StateBadge } from "@/ui/status-badge";
import { messages } from "./messages";
import { EditRole, NewRole } from "./role-form";
import { RoleListDocument, type RoleRowFragment } from "./roles.generated";

/** The roles of the account: what each grants, and to how many. */
export function RolesPage(): ReactNode {
  const t = useMessages(messages);
  const { account } = useSession();
  const pages = usePages(RoleListDocument, {}, ({ roles }) => roles, ["role:", "user:"]);
  const create = (
    <DialogButton label={t.new} refusal={refusalOf(account, "CREATE_ROLE")}>
      {(close) => <NewRole onClose={close} />}
    </DialogButton>
  );
  return (
    <Page title={t.title} actions={create}>
      <Text c="dimmed">{t.hint}</Text>
      <PagedList label={t.title} pages={pages} empty={t.none}>
        {(role) => <RoleRow role={role} />}
      </PagedList>
    </Page>
  );
}

function RoleRow({ role }: { role: RoleRowFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const { number } = useFormats();
  const { name, builtIn, permissions, usersConnection } = role;
  return (
    <>
      <Stack gap={2}>
        <Group gap="xs">
          <Text fw={600}>{name}</Text>
          {builtIn && <StateBadge state="HELD">{t.builtIn}</StateBadge>}
        </Group>
        <Text size="sm" c="dimmed">
          {t.holders(number(usersConnection.totalCount ?? 0))}
        </Text>
      </Stack>
      <Text size="sm">{permissions.map((permission) => word("permissions", permission)).join(", ")}</Text>
      <Group justify="end">{!builtIn && <Edit role={role} />}</Group>
    </>
  );
}

function Edit({ role }: { role: RoleRowFragment }) {
  const t = useMessages(messages);
  const { account } = useSession();
  return (
    <DialogButton label={t.edit} compact refusal={refusalOf(account, "CREATE_ROLE")}>
      {(close) => <EditRole role={role} onClose={close} />}
    </DialogButton>
  );
}
