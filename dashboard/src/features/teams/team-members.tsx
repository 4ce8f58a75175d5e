import { Group } from "@mantine/core";
import { useState } from "react";
import { PeopleField } from "@/features/people/people-field";
import type { PersonSummaryFragment } from "@/features/people/people.generated";
import { PersonRow } from "@/features/people/person-row";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { DialogButton } from "@/ui/dialog-button";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { PagedList } from "@/ui/paged-list";
import { SearchField } from "@/ui/search-field";
import type { Choice } from "@/ui/search-select";
import { Section } from "@/ui/section";
import { useRefusalsByField } from "@/ui/use-refusals-by-field";
import { messages } from "./messages";
import {
  AddTeamMembersDocument,
  RemoveTeamMembersDocument,
  TeamMembersDocument,
  type TeamDetailFragment,
} from "./teams.generated";

const CONCERNS = ["team:", "user:"];

interface Props {
  team: TeamDetailFragment;
}

/** The members of a team, of whom there may be thousands: they are searched, and come and go one by one. */
export function TeamMembers({ team }: Props) {
  const t = useMessages(messages);
  const [search, setSearch] = useState("");
  const filter = { teamId: team.id, search: search || null };
  const pages = usePages(TeamMembersDocument, { filter }, ({ users }) => users, CONCERNS);
  const refusal = refusalOf(team, "UPDATE");
  const add = (
    <DialogButton label={t.addMembers} compact refusal={refusal}>
      {(close) => <AddMembers team={team} onClose={close} />}
    </DialogButton>
  );
  return (
    <Section title={t.members} aside={add}>
      <Group>
        <SearchField label={t.searchMembers} value={search} onChange={setSearch} />
      </Group>
      <PagedList
        label={t.members}
        pages={pages}
        empty={search ? t.noMembersFound : t.noMembers}
        onClear={search ? () => setSearch("") : undefined}
      >
        {(person) => (
          <PersonRow person={person} action={refusal === null && <Remove team={team} person={person} />} />
        )}
      </PagedList>
    </Section>
  );
}

function AddMembers({ team: { id, name }, onClose }: Props & { onClose: () => void }) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  const [chosen, setChosen] = useState<Choice[]>([]);
  const { run, refusals, busy } = useCommand(AddTeamMembersDocument, ({ result }) => result, "team:");
  const { errors, rest, correct } = useRefusalsByField(refusals, ["userIds"]);
  const change = (changed: Choice[]) => {
    setChosen(changed);
    correct(["userIds"]);
  };
  const add = async () => {
    if (await run({ input: { id, userIds: chosen.map(({ value }) => value) } })) onClose();
  };
  return (
    <FormDialog
      title={of(t.addMembers, name)}
      action={t.addMembers}
      busy={busy}
      refusals={rest}
      onSubmit={add}
      onClose={onClose}
    >
      <PeopleField
        label={t.people}
        description={t.membersHint}
        error={errors.userIds}
        autoFocus
        chosen={chosen}
        onChange={change}
      />
    </FormDialog>
  );
}

function Remove({ team, person }: Props & { person: PersonSummaryFragment }) {
  const t = useMessages(messages);
  const command = useCommand(RemoveTeamMembersDocument, ({ result }) => result, "team:");
  const remove = async (close: () => void) => {
    if (await command.run({ input: { id: team.id, userIds: [person.id] } })) close();
  };
  return (
    <DialogButton label={t.remove} color="red" compact>
      {(close) => (
        <ConfirmDialog
          action={t.remove}
          what={person.name}
          text={t.removeText}
          color="red"
          command={command}
          onConfirm={() => remove(close)}
          onClose={close}
        />
      )}
    </DialogButton>
  );
}
