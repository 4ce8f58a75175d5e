import { MultiSelect, NativeSelect, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useSession } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { TYPING_MILLISECONDS } from "@/ui/typing";
import type { FieldProps } from "./fields";
import { messages } from "./messages";
import {
  ApproversDocument,
  ChosenParticipantsDocument,
  ParticipantsDocument,
  TeamsDocument,
} from "./request.generated";

const PEOPLE = ["user:", "role:"];

/** Who may sign: with Teams on the members of a team, otherwise the people who are chosen. */
export function WhoFields(props: FieldProps) {
  const { account } = useSession();
  return account.teamsEnabled ? <TeamField {...props} /> : <ParticipantsField {...props} />;
}

function TeamField({ draft, errors, change }: FieldProps) {
  const t = useMessages(messages);
  const { data } = useLiveQuery({ query: TeamsDocument }, ["team:", ...PEOPLE]);
  const teams = data?.viewer.teamsToRequestFor.edges.map(({ node }) => node) ?? [];
  return (
    <>
      <NativeSelect
        label={t.team}
        description={t.teamHint}
        error={errors.teamId}
        value={draft.teamId ?? ""}
        data={[
          { value: "", label: t.chooseTeam },
          ...teams.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={({ currentTarget }) =>
          change({
            teamId: currentTarget.value || null,
            // What the address named is kept; what was chosen for another team is not.
            keypairIds: draft.teamId ? [] : draft.keypairIds,
          })
        }
        required
      />
      {draft.teamId && <Approvers teamId={draft.teamId} needed={draft.type === "OFFLINE"} />}
    </>
  );
}

/** The people who will be asked. The server decides again who counts, when they decide. */
function Approvers({ teamId, needed }: { teamId: string; needed: boolean }) {
  const t = useMessages(messages);
  const { user, account } = useSession();
  const query = { query: ApproversDocument, variables: { teamId }, pause: !needed };
  const team = useLiveQuery(query, ["team:", ...PEOPLE]).data?.team;
  if (!needed) return <Text size="sm">{t.needsNone}</Text>;
  if (!team) return null;
  const names = team.membersConnection.edges
    .map(({ node }) => node)
    .filter(({ active, permissions }) => active && permissions.includes("APPROVE_RELEASE"))
    .filter(({ id }) => account.allowSelfApproval || id !== user.id)
    .map(({ name }) => name);
  const text = names.length > 0 ? t.approvers(team.requiredApprovals, names.join(", ")) : t.noApprover;
  return <Text size="sm">{text}</Text>;
}

function ParticipantsField({ draft, errors, change }: FieldProps) {
  const t = useMessages(messages);
  const [search, setSearch] = useState("");
  const [settled] = useDebouncedValue(search.trim(), TYPING_MILLISECONDS);
  const found = useLiveQuery({ query: ParticipantsDocument, variables: { search: settled || null } }, PEOPLE);
  const ids = draft.participantIds;
  const query = { query: ChosenParticipantsDocument, variables: { ids }, pause: ids.length === 0 };
  const chosen = useLiveQuery(query, PEOPLE);
  const people = [
    ...(chosen.data?.nodes ?? []).flatMap((node) => (node && "email" in node ? [node] : [])),
    ...(found.data?.users?.edges ?? []).map(({ node }) => node),
  ];
  const signers = people.filter(({ permissions }) => permissions.includes("SIGN"));
  const options = new Map(signers.map(({ id, name, email }) => [id, `${name} (${email})`]));
  return (
    <MultiSelect
      label={t.participants}
      error={errors.participantIds}
      value={ids}
      data={[...options].map(([value, label]) => ({ value, label }))}
      onChange={(participantIds) => change({ participantIds })}
      onSearchChange={setSearch}
      searchable
      required
    />
  );
}
