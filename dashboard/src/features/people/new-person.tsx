import { Switch, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { byField } from "@/graphql/by-field";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { messages } from "./messages";
import { CreatePersonDocument } from "./people.generated";
import { RoleChoice } from "./role-choice";

const FIELDS = ["email", "name", "roles", "service"] as const;

/** The form that invites a person, or adds a service user for a pipeline. */
export function NewPerson({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const [draft, setDraft] = useState({ email: "", name: "", roles: [] as string[], service: false });
  const { run, refusals, busy } = useCommand(CreatePersonDocument, ({ result }) => result, "user:");
  const { fields: errors, rest } = byField(refusals, FIELDS);
  const change = (one: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...one }));
  const create = async () => {
    const payload = await run({ input: draft });
    if (payload?.user) void navigate({ to: "/people/$id", params: { id: payload.user.id } });
  };
  return (
    <FormDialog
      title={t.newPerson}
      action={t.newPerson}
      busy={busy}
      refusals={rest}
      onSubmit={create}
      onClose={onClose}
    >
      <TextInput
        type="email"
        label={t.email}
        description={draft.service ? undefined : t.newPersonHint}
        error={errors.email}
        value={draft.email}
        onChange={({ currentTarget }) => change({ email: currentTarget.value })}
        data-autofocus
        required
      />
      <TextInput
        label={t.name}
        error={errors.name}
        value={draft.name}
        onChange={({ currentTarget }) => change({ name: currentTarget.value })}
        required
      />
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
