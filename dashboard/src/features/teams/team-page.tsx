import { Card, Group } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { refusalOf } from "@/graphql/refusal";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { DialogButton } from "@/ui/dialog-button";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty, Section } from "@/ui/section";
import { messages } from "./messages";
import { EditTeam } from "./team-form";
import { TeamMembers } from "./team-members";
import { TeamDocument, type TeamDetailFragment } from "./teams.generated";

const route = getRouteApi("/teams/$id");

/** One team: the approvals that its releases need, the keypairs that it may use, and its members. */
export function TeamPage(): ReactNode {
  const t = useMessages(messages);
  const { id } = route.useParams();
  const state = useLiveQuery({ query: TeamDocument, variables: { id } }, ["team:", "keypair:"]);
  return (
    <QueryState state={state} rows={6}>
      {({ team }) =>
        team ? (
          <Page title={team.name} actions={<Edit team={team} />}>
            <TeamFacts team={team} />
            <TeamMembers key={team.id} team={team} />
          </Page>
        ) : (
          <Page title={t.teams}>
            <Empty action={<ButtonLink to="/teams">{t.teams}</ButtonLink>}>{t.missing}</Empty>
          </Page>
        )
      }
    </QueryState>
  );
}

function Edit({ team }: { team: TeamDetailFragment }) {
  const t = useMessages(messages);
  return (
    <DialogButton label={t.edit} refusal={refusalOf(team, "UPDATE")}>
      {(close) => <EditTeam id={team.id} onClose={close} />}
    </DialogButton>
  );
}

function TeamFacts({ team }: { team: TeamDetailFragment }) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const { requiredApprovals, createdAt, keypairsConnection } = team;
  const keypairs = keypairsConnection.edges.map(({ node }) => node);
  const links = (
    <Group gap="xs">
      {keypairs.map(({ id, alias }) => (
        <TextLink key={id} to="/keypairs/$id" params={{ id }} underline="always">
          {alias}
        </TextLink>
      ))}
    </Group>
  );
  return (
    <Section title={t.facts}>
      <Card withBorder>
        <Facts
          facts={[
            [t.required, number(requiredApprovals)],
            [t.keypairs, keypairs.length > 0 ? links : t.noKeypairs],
            [t.createdAt, <Instant key="at" at={createdAt} />],
          ]}
        />
      </Card>
    </Section>
  );
}
