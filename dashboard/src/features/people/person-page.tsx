import { Card, Group } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession, useWords } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty, Section } from "@/ui/section";
import { EditPerson } from "./edit-person";
import { EditRoles } from "./edit-roles";
import { messages } from "./messages";
import { PersonDocument, type PersonDetailFragment } from "./people.generated";
import { PersonActions } from "./person-actions";
import { PersonBadge } from "./person-row";

const route = getRouteApi("/people/$id");
const CONCERNS = ["user:", "role:", "team:"];

/** One person: roles and what they allow, teams, and what can be done about them. */
export function PersonPage(): ReactNode {
  const t = useMessages(messages);
  const { id } = route.useParams();
  const state = useLiveQuery({ query: PersonDocument, variables: { id } }, CONCERNS);
  return (
    <QueryState state={state} rows={6}>
      {({ user }) =>
        user ? (
          <Page title={user.name} actions={<Links key={user.id} person={user} />}>
            <PersonFacts person={user} />
          </Page>
        ) : (
          <Page title={t.people}>
            <Empty action={<ButtonLink to="/people">{t.people}</ButtonLink>}>{t.missingPerson}</Empty>
          </Page>
        )
      }
    </QueryState>
  );
}

function Links({ person }: { person: PersonDetailFragment }) {
  const t = useMessages(messages);
  const { can } = useSession();
  const { id } = person;
  return (
    <>
      {can("VIEW_LEDGER") && (
        <ButtonLink to="/ledger" search={{ actor: id }} variant="default">
          {t.inLedger}
        </ButtonLink>
      )}
      <EditPerson person={person} />
      <EditRoles person={person} />
      <PersonActions person={person} />
    </>
  );
}

function PersonFacts({ person }: { person: PersonDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const formats = useFormats();
  const { email, pendingEmail, roles, permissions, timeZone, locale, createdAt, active, service } = person;
  const teams = person.teamsConnection.edges.map(({ node }) => node);
  return (
    <Section title={t.facts} aside={(!active || service) && <PersonBadge person={person} />}>
      <Card withBorder>
        <Facts
          facts={[
            [t.email, email],
            [t.pendingEmail, pendingEmail?.email],
            [t.roles, roles.map(({ name }) => name).join(", ") || t.none],
            [t.permissions, permissions.map((each) => word("permissions", each)).join("\n") || t.none],
            [t.teams, teams.length > 0 && <TeamLinks key="teams" teams={teams} />],
            [t.timeZone, timeZone],
            [t.locale, formats.language(locale)],
            [t.createdAt, <Instant key="at" at={createdAt} />],
          ]}
        />
      </Card>
    </Section>
  );
}

function TeamLinks({ teams }: { teams: { id: string; name: string }[] }) {
  return (
    <Group gap="xs">
      {teams.map(({ id, name }) => (
        <TextLink key={id} to="/teams/$id" params={{ id }} underline="always">
          {name}
        </TextLink>
      ))}
    </Group>
  );
}
