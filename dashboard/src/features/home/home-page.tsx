import { useState, type ReactNode } from "react";
import { useSession } from "@/app/session";
import type { ReleaseSearch } from "@/features/releases/search";
import { ReleaseActions } from "@/features/release-actions/release-actions";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { Quota } from "@/ui/quota";
import { QueryState } from "@/ui/query-state";
import { Empty, Section } from "@/ui/section";
import { HomeDocument, type HomeQuery } from "./home.generated";
import { messages } from "./messages";
import { ReleaseCard } from "./release-card";
import { Troubles, useTroubles } from "./troubles";

const PLANNED: ReleaseSearch["status"] = ["PENDING", "APPROVED", "ACTIVE"];
const SOON_MILLISECONDS = 7 * 86_400_000;

/** What waits for the person, what is open, what comes next, and what needs attention. */
export function HomePage(): ReactNode {
  const t = useMessages(messages);
  const { can } = useSession();
  const [variables] = useState(() => {
    const now = Date.now();
    return { now: new Date(now).toISOString(), soon: new Date(now + SOON_MILLISECONDS).toISOString() };
  });
  const state = useLiveQuery({ query: HomeDocument, variables }, ["release:", "inbox"]);
  // It is on top, so the rest waits for it and does not move under the reader's eyes.
  const troubles = useTroubles();
  return (
    <Page
      title={t.title}
      actions={can("REQUEST_RELEASE") && <ButtonLink to="/request">{t.request}</ButtonLink>}
    >
      <QueryState
        state={{ ...state, data: troubles.data || troubles.error ? state.data : undefined }}
        rows={6}
      >
        {(data) => (
          <>
            {troubles.data && <Troubles data={troubles.data} />}
            <Sections data={data} />
          </>
        )}
      </QueryState>
    </Page>
  );
}

/** Leads to all of the releases of which this page shows the first. */
function All({ of, search }: { of: HomeQuery["inbox"] | HomeQuery["open"]; search: ReleaseSearch }) {
  const t = useMessages(messages);
  if (!of?.pageInfo.hasNextPage) return null;
  return (
    <TextLink to="/releases" search={search}>
      {t.all}
    </TextLink>
  );
}

function Sections({ data }: { data: HomeQuery }) {
  const t = useMessages(messages);
  const { can } = useSession();
  const inbox = data.inbox?.edges ?? [];
  const open = data.open?.edges ?? [];
  // What waits for the person is shown once, where it can be decided.
  const next = (data.next?.edges ?? []).filter(({ node }) => !inbox.some((edge) => edge.node.id === node.id));
  return (
    <>
      {(can("APPROVE_RELEASE") || inbox.length > 0) && (
        <Section title={t.inbox} aside={<All of={data.inbox} search={{ awaitingMe: true }} />}>
          {inbox.length === 0 && <Empty>{t.inboxEmpty}</Empty>}
          {inbox.map(({ node }) => (
            <ReleaseCard key={node.id} release={node} note={node.note}>
              <ReleaseActions release={node} only={["APPROVE", "REJECT"]} />
            </ReleaseCard>
          ))}
        </Section>
      )}
      <Section
        title={t.open}
        aside={
          <All of={data.open} search={{ status: ["IN_PROGRESS"], order: "ENDS_AT", direction: "ASC" }} />
        }
      >
        {open.length === 0 && <Empty>{t.openEmpty}</Empty>}
        {open.map(({ node }) => (
          <ReleaseCard key={node.id} release={node}>
            <Quota used={node.signaturesUsed} maximum={node.maxSignatures} />
          </ReleaseCard>
        ))}
      </Section>
      <Section
        title={t.next}
        aside={<All of={data.next} search={{ status: PLANNED, order: "STARTS_AT", direction: "ASC" }} />}
      >
        {next.length === 0 && <Empty>{inbox.length > 0 ? t.nothingElse : t.nextEmpty}</Empty>}
        {next.map(({ node }) => (
          <ReleaseCard key={node.id} release={node} />
        ))}
      </Section>
    </>
  );
}
