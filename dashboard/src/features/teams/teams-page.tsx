import { Group, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { teamsSearch } from "@/features/people/search";
import { usePages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { SearchField } from "@/ui/search-field";
import { messages } from "./messages";
import { NewTeam } from "./team-form";
import { TeamsDocument, type TeamSummaryFragment } from "./teams.generated";

/** The teams of the account, with how many approvals the releases of each one need. */
export function TeamsPage(): ReactNode {
  const t = useMessages(messages);
  const { account } = useSession();
  const { search } = useSearch({ from: "/teams" });
  const navigate = useNavigate();
  const variables = { filter: search ? { nameContains: search } : null };
  const pages = usePages(TeamsDocument, variables, ({ teams }) => teams, ["team:"]);
  const show = (text: string) =>
    navigate({ to: "/teams", search: teamsSearch({ search: text }), replace: true });
  return (
    <Page
      title={t.teams}
      actions={
        <DialogButton label={t.new} refusal={refusalOf(account, "CREATE_TEAM")}>
          {(close) => <NewTeam onClose={close} />}
        </DialogButton>
      }
    >
      <Group>
        <SearchField label={t.search} value={search ?? ""} onChange={show} />
      </Group>
      <PagedList
        label={t.teams}
        pages={pages}
        empty={search ? t.noneFound : t.none}
        onClear={search ? () => show("") : undefined}
      >
        {(team) => <TeamRow team={team} />}
      </PagedList>
    </Page>
  );
}

function TeamRow({ team }: { team: TeamSummaryFragment }) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const { id, name, requiredApprovals, membersConnection, keypairsConnection } = team;
  return (
    <>
      <TextLink to="/teams/$id" params={{ id }} fw={600}>
        {name}
      </TextLink>
      <Text size="sm">{t.requiredOf(number(requiredApprovals))}</Text>
      <Text size="sm" c="dimmed">
        {t.memberCount(number(membersConnection.totalCount ?? 0))}
        {" · "}
        {t.keypairCount(number(keypairsConnection.totalCount ?? 0))}
      </Text>
    </>
  );
}
