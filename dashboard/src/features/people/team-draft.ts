import type { Choice } from "@/ui/search-select";
import type { TeamToEditQuery } from "./people.generated";

/** A team as its form has it. What the form cannot hold whole, for there is too much of it, is null. */
export interface TeamDraft {
  /** The revision that the draft began with: what somebody else changes meanwhile is not overwritten. */
  revision: number | null;
  name: string;
  requiredApprovals: number;
  members: Choice[] | null;
  keypairs: Choice[] | null;
}

export const EMPTY_TEAM: TeamDraft = {
  revision: null,
  name: "",
  requiredApprovals: 1,
  members: [],
  keypairs: [],
};

/** Returns the draft of a team that there is: a list of which there are further pages must not be sent back. */
export function draftOf(team: NonNullable<TeamToEditQuery["team"]>): TeamDraft {
  const {
    revision,
    name,
    requiredApprovals,
    membersConnection: members,
    keypairsConnection: keypairs,
  } = team;
  return {
    revision,
    name,
    requiredApprovals,
    members: members.pageInfo.hasNextPage
      ? null
      : members.edges.map(({ node }) => ({ value: node.id, label: node.name })),
    keypairs: keypairs.pageInfo.hasNextPage
      ? null
      : keypairs.edges.map(({ node }) => ({ value: node.id, label: node.alias })),
  };
}

/** Returns the fields of the command: lists that the form cannot hold stay as they are. */
export function inputOf({ revision, name, requiredApprovals, members, keypairs }: TeamDraft) {
  const ids = (choices: Choice[]) => choices.map(({ value }) => value);
  return {
    name,
    requiredApprovals,
    ...(revision !== null && { revision }),
    ...(members && { memberIds: ids(members) }),
    ...(keypairs && { keypairIds: ids(keypairs) }),
  };
}
