import { NumberInput, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { PeopleField } from "@/features/people/people-field";
import { keypairsToChoose } from "@/graphql/keypairs-to-choose";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { SearchMultiSelect } from "@/ui/search-multi-select";
import type { Choice } from "@/ui/search-select";
import { useDraft } from "@/ui/use-draft";
import { messages } from "./messages";
import { draftOf, EMPTY_TEAM, inputOf, newInputOf, type TeamDraft } from "./team-draft";
import {
  CreateTeamDocument,
  KeypairChoicesDocument,
  TeamToEditDocument,
  UpdateTeamDocument,
  type TeamDetailFragment,
} from "./teams.generated";

const FIELDS = ["name", "requiredApprovals", "memberIds", "keypairIds"] as const;
const FIELD_NAMES = { members: "memberIds", keypairs: "keypairIds" };

/** The form for a new team. */
export function NewTeam({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const { run, refusals, busy } = useCommand(CreateTeamDocument, ({ result }) => result, "team:");
  const form = useDraft(EMPTY_TEAM, refusals, FIELDS, FIELD_NAMES);
  const { draft, change, errors, rest } = form;
  const create = async () => {
    const payload = await run({ input: newInputOf(draft) });
    if (payload?.team) void navigate({ to: "/teams/$id", params: { id: payload.team.id } });
  };
  return (
    <FormDialog
      title={t.new}
      action={t.create}
      busy={busy}
      refusals={rest}
      onSubmit={create}
      onClose={onClose}
    >
      <TeamFields {...form} />
      <PeopleField
        label={t.members}
        description={t.membersHint}
        error={errors.memberIds}
        chosen={draft.members}
        onChange={(members) => change({ members })}
      />
    </FormDialog>
  );
}

/** The form for a team that there is; what somebody else changed meanwhile is not overwritten. */
export function EditTeam({ id, onClose }: { id: string; onClose: () => void }) {
  // The form begins with what the server has now, and keeps that while somebody types.
  const query = { query: TeamToEditDocument, variables: { id }, requestPolicy: "network-only" as const };
  const { data } = useLiveQuery(query, []);
  if (!data?.team) return null;
  return <EditForm team={data.team} onClose={onClose} />;
}

function EditForm({ team, onClose }: { team: TeamDetailFragment; onClose: () => void }) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const { run, refusals, busy } = useCommand(UpdateTeamDocument, ({ result }) => result, "team:");
  const form = useDraft(draftOf(team), refusals, FIELDS, FIELD_NAMES);
  const submit = async () => {
    if (await run({ input: { id: team.id, ...inputOf(form.draft) } })) onClose();
  };
  return (
    <FormDialog
      title={of(t.edit, team.name)}
      action={save}
      busy={busy}
      refusals={form.rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <TeamFields {...form} />
    </FormDialog>
  );
}

interface FieldsProps {
  draft: TeamDraft;
  errors: Partial<Record<string, string>>;
  text: (name: "name") => ReturnType<ReturnType<typeof useDraft<TeamDraft>>["text"]>;
  change: (changed: Partial<TeamDraft>) => void;
}

function TeamFields({ draft, errors, text, change }: FieldsProps) {
  const t = useMessages(messages);
  return (
    <>
      <TextInput label={t.name} {...text("name")} data-autofocus required />
      <NumberInput
        label={t.required}
        description={t.requiredHint}
        error={errors.requiredApprovals}
        min={1}
        allowDecimal={false}
        value={draft.requiredApprovals}
        onChange={(value) => change({ requiredApprovals: Number(value) })}
      />
      <KeypairsField
        error={errors.keypairIds}
        chosen={draft.keypairs}
        onChange={(keypairs) => change({ keypairs })}
      />
    </>
  );
}

interface KeypairsProps {
  error: string | undefined;
  chosen: Choice[] | null;
  onChange: (chosen: Choice[]) => void;
}

function KeypairsField(field: KeypairsProps) {
  const t = useMessages(messages);
  const [alias, setAlias] = useState("");
  const { data } = useLiveQuery({ query: KeypairChoicesDocument, variables: { alias: alias || null } }, []);
  const keypairs = keypairsToChoose(data?.keypairs).map(({ id, alias: label }) => ({ value: id, label }));
  return (
    <SearchMultiSelect
      {...field}
      label={t.keypairs}
      description={t.keypairsHint}
      choices={keypairs}
      onSearch={setAlias}
    />
  );
}
