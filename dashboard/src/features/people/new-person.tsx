import { Switch, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { useDraft } from "@/ui/use-draft";
import { messages } from "./messages";
import { CreatePersonDocument } from "./people.generated";
import { RoleChoice } from "./role-choice";

const INITIAL = { email: "", name: "", roles: [] as string[], service: false };

/** The form that invites a person, or adds a service user for a pipeline. */
export function NewPerson({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const { run, refusals, busy } = useCommand(CreatePersonDocument, ({ result }) => result, "user:");
  const { draft, change, text, errors, rest } = useDraft(INITIAL, refusals, Object.keys(INITIAL));
  const create = async () => {
    const payload = await run({ input: draft });
    if (payload?.user) void navigate({ to: "/people/$id", params: { id: payload.user.id } });
  };
  return (
    <FormDialog
      title={t.newPerson}
      action={t.invite}
      busy={busy}
      refusals={rest}
      onSubmit={create}
      onClose={onClose}
    >
      <TextInput
        type="email"
        label={t.email}
        description={draft.service ? undefined : t.newPersonHint}
        {...text("email")}
        data-autofocus
        required
      />
      <TextInput label={t.name} {...text("name")} required />
      <RoleChoice value={draft.roles} error={errors.roles} onChange={(roles) => change({ roles })} />
      <Switch
        label={t.isService}
        error={errors.service}
        checked={draft.service}
        onChange={({ currentTarget }) => change({ service: currentTarget.checked })}
      />
    </FormDialog>
  );
}
