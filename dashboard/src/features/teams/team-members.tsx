import { PeopleSection, type PeopleChange } from "@/features/people/people-section";
import { refusalOf } from "@/graphql/refusal";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import {
  AddTeamMembersDocument,
  RemoveTeamMembersDocument,
  type TeamDetailFragment,
} from "./teams.generated";

const ADD: PeopleChange = {
  document: AddTeamMembersDocument as PeopleChange["document"],
  field: "userIds",
};
const REMOVE: PeopleChange = {
  document: RemoveTeamMembersDocument as PeopleChange["document"],
  field: "userIds",
};

/** The members of a team. */
export function TeamMembers({ team }: { team: TeamDetailFragment }) {
  const t = useMessages(messages);
  const texts = {
    people: t.members,
    hint: t.membersHint,
    none: t.noMembers,
    noneFound: t.noMembersFound,
    add: t.addMembers,
    remove: t.remove,
    removeText: t.removeText,
  };
  return (
    <PeopleSection
      owner={team}
      filter={{ teamId: team.id }}
      refusal={refusalOf(team, "UPDATE")}
      texts={texts}
      add={ADD}
      remove={REMOVE}
      tag="team:"
    />
  );
}
