import type { Choice } from "@/ui/search-select";
import type { TeamDetailFragment } from "./teams.generated";

/** A team as its form has it, but for its members, of whom there may be thousands. */
export interface TeamDraft {
  /** The revision that the draft began with: what somebody else changes meanwhile is not overwritten. */
  revision: number | null;
  name: string;
  requiredApprovals: number;
  /** Null: there are more of them than the form can hold. */
  keypairs: Choice[] | null;
}

/** A new team as its form has it. */
export interface NewTeamDraft extends TeamDraft {
  members: Choice[];
}

export const EMPTY_TEAM: NewTeamDraft = {
  revision: null,
  name: "",
  requiredApprovals: 1,
  members: [],
  keypairs: [],
};

type Team = Pick<TeamDetailFragment, "revision" | "name" | "requiredApprovals" | "keypairsConnection">;

/** Returns the draft of a team that there is: a list of which there are further pages must not be sent back. */
export function draftOf({ revision, name, requiredApprovals, keypairsConnection }: Team): TeamDraft {
  const { edges, pageInfo } = keypairsConnection;
  const keypairs = edges.map(({ node }) => ({ value: node.id, label: node.alias }));
  return { revision, name, requiredApprovals, keypairs: pageInfo.hasNextPage ? null : keypairs };
}

const idsOf = (choices: readonly Choice[]) => choices.map(({ value }) => value);

/** Returns the fields of the command: keypairs that the form cannot hold stay as they are. */
export function inputOf({ revision, name, requiredApprovals, keypairs }: TeamDraft) {
  return {
    name,
    requiredApprovals,
    ...(revision !== null && { revision }),
    ...(keypairs && { keypairIds: idsOf(keypairs) }),
  };
}

/** Returns the fields of the command that creates a team. */
export function newInputOf({ members, ...team }: NewTeamDraft) {
  return { ...inputOf(team), memberIds: idsOf(members) };
}
