import { Checkbox, Stack, TextInput } from "@mantine/core";
import { useSession, useWords } from "@/app/session";
import type { Permission } from "@/graphql/schema.generated";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { useDraft, type DraftFormProps } from "@/ui/use-draft";
import { messages } from "./messages";
import { CreateRoleDocument, UpdateRoleDocument, type RoleRowFragment } from "./roles.generated";

const FIELDS = ["name", "permissions"] as const;

interface Draft {
  name: string;
  permissions: Permission[];
}

/** The form for a new role. */
export function NewRole({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const command = useCommand(CreateRoleDocument, ({ result }) => result, "role:");
  const create = async (input: Draft) => {
    if (await command.run({ input })) onClose();
  };
  return (
    <RoleForm
      title={t.new}
      action={t.create}
      initial={{ name: "", permissions: [] }}
      command={command}
      onSubmit={create}
      onClose={onClose}
    />
  );
}

/** The form for a role that there is. */
export function EditRole({ role, onClose }: { role: RoleRowFragment; onClose: () => void }) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const command = useCommand(UpdateRoleDocument, ({ result }) => result, "role:");
  const submit = async (draft: Draft) => {
    if (await command.run({ input: { id: role.id, ...draft } })) onClose();
  };
  return (
    <RoleForm
      title={of(t.edit, role.name)}
      action={save}
      initial={{ name: role.name, permissions: [...role.permissions] }}
      command={command}
      onSubmit={submit}
      onClose={onClose}
    />
  );
}

function RoleForm({ initial, command, onSubmit, ...dialog }: DraftFormProps<Draft>) {
  const t = useMessages(messages);
  const word = useWords();
  const { vocabulary } = useSession();
  const { draft, change, text, errors, rest } = useDraft(initial, command.refusals, FIELDS);
  const permissions = (vocabulary?.permissions ?? []).map(({ value }) => value as Permission);
  return (
    <FormDialog {...dialog} busy={command.busy} refusals={rest} onSubmit={() => onSubmit(draft)}>
      <TextInput label={t.name} {...text("name")} data-autofocus required />
      <Checkbox.Group
        label={t.permissions}
        description={t.permissionsHint}
        error={errors.permissions}
        value={draft.permissions}
        onChange={(chosen) => change({ permissions: permissions.filter((each) => chosen.includes(each)) })}
      >
        <Stack gap="xs" mt="xs">
          {permissions.map((permission) => (
            <Checkbox key={permission} value={permission} label={word("permissions", permission)} />
          ))}
        </Stack>
      </Checkbox.Group>
    </FormDialog>
  );
}
