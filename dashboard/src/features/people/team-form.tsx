import { NumberInput, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { SearchMultiSelect } from "@/ui/search-multi-select";
import type { Choice } from "@/ui/search-select";
import { useDraft, type DraftFormProps } from "@/ui/use-draft";
import { messages } from "./messages";
import {
  CreateTeamDocument,
  TeamChoicesDocument,
  TeamToEditDocument,
  UpdateTeamDocument,
} from "./people.generated";
import { draftOf, EMPTY_TEAM, inputOf, type TeamDraft } from "./team-draft";

const FIELDS = ["name", "requiredApprovals", "memberIds", "keypairIds"] as const;

/** The form for a new team. */
export function NewTeam({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const command = useCommand(CreateTeamDocument, ({ result }) => result, "team:");
  const create = async (draft: TeamDraft) => {
    const payload = await command.run({ input: { memberIds: [], ...inputOf(draft) } });
    if (payload?.team) void navigate({ to: "/teams/$id", params: { id: payload.team.id } });
  };
  return (
    <TeamForm
      title={t.newTeam}
      action={t.newTeam}
      initial={EMPTY_TEAM}
      command={command}
      onSubmit={create}
      onClose={onClose}
    />
  );
}

/** The form for a team that there is; what somebody else changed meanwhile is not overwritten. */
export function EditTeam({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  // The form begins with what the server has now, and keeps that while somebody types.
  const query = { query: TeamToEditDocument, variables: { id }, requestPolicy: "network-only" as const };
  const { data } = useLiveQuery(query, []);
  const command = useCommand(UpdateTeamDocument, ({ result }) => result, "team:");
  const team = data?.team;
  if (!team) return null;
  const save = async (draft: TeamDraft) => {
    if (await command.run({ input: { id, ...inputOf(draft) } })) onClose();
  };
  return (
    <TeamForm
      title={of(t.editTeam, team.name)}
      action={t.save}
      initial={draftOf(team)}
      command={command}
      onSubmit={save}
      onClose={onClose}
    />
  );
}

function TeamForm({ initial, command, onSubmit, ...dialog }: DraftFormProps<TeamDraft>) {
  const t = useMessages(messages);
  const { draft, change, text, errors, rest } = useDraft(initial, command.refusals, FIELDS);
  const [sought, setSought] = useState({ person: "", alias: "" });
  const variables = { person: sought.person || null, alias: sought.alias || null };
  const { data } = useLiveQuery({ query: TeamChoicesDocument, variables }, []);
  const people = (data?.users?.edges ?? []).map(({ node }) => ({ value: node.id, label: node.name }));
  const keypairs = (data?.keypairs?.edges ?? []).map(({ node }) => ({ value: node.id, label: node.alias }));
  return (
    <FormDialog {...dialog} busy={command.busy} refusals={rest} onSubmit={() => onSubmit(draft)}>
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
      <ListField
        label={t.members}
        description={t.teamMembersHint}
        error={errors.memberIds}
        chosen={draft.members}
        choices={people}
        onSearch={(person) => setSought((before) => ({ ...before, person }))}
        onChange={(members) => change({ members })}
      />
      <ListField
        label={t.keypairs}
        description={t.teamKeypairsHint}
        error={errors.keypairIds}
        chosen={draft.keypairs}
        choices={keypairs}
        onSearch={(alias) => setSought((before) => ({ ...before, alias }))}
        onChange={(chosen) => change({ keypairs: chosen })}
      />
    </FormDialog>
  );
}

interface ListProps {
  label: string;
  description: string;
  error: string | undefined;
  chosen: Choice[] | null;
  choices: Choice[];
  onSearch: (text: string) => void;
  onChange: (chosen: Choice[]) => void;
}

function ListField({ chosen, ...field }: ListProps) {
  const t = useMessages(messages);
  if (chosen) return <SearchMultiSelect chosen={chosen} {...field} />;
  return (
    <Text size="sm">
      {field.label}: {t.tooMany}
    </Text>
  );
}
