import { Card, SimpleGrid } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession, useWords } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty, Section } from "@/ui/section";
import { AssignedPeople } from "./assigned-people";
import { Certificates } from "./certificates/certificates";
import { Expiry } from "./certificates/expiry";
import { Holder } from "./holder";
import { KeypairActions } from "./keypair-actions";
import { KeypairBadge } from "./keypair-badge";
import { KeypairDocument, type KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";
import { PublicKey } from "./public-key";
import { Retirement } from "./retirement";

const route = getRouteApi("/keypairs/$id");
const CONCERNS = ["keypair:", "release:", "team:", "user:", "account:"];

/** One keypair: what it is for, who may use it, its public key and its certificates. */
export function KeypairPage(): ReactNode {
  const t = useMessages(messages);
  const { id } = route.useParams();
  const state = useLiveQuery({ query: KeypairDocument, variables: { id } }, CONCERNS);
  return (
    <QueryState state={state} rows={6}>
      {({ keypair }) =>
        keypair ? (
          <Page title={keypair.alias} actions={<KeypairActions key={keypair.id} keypair={keypair} />}>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
              <KeypairFacts keypair={keypair} />
              <PublicKey keypair={keypair} />
            </SimpleGrid>
            {keypair.access === "RESTRICTED" && <AssignedPeople keypair={keypair} />}
            <Certificates keypair={keypair} />
          </Page>
        ) : (
          <Page title={t.title}>
            <Empty action={<ButtonLink to="/keypairs">{t.toList}</ButtonLink>}>{t.missing}</Empty>
          </Page>
        )
      }
    </QueryState>
  );
}

function KeypairFacts({ keypair }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const { account } = useSession();
  const { type, category, algorithm, access, backend, createdAt, retiredAt, heldBy, openpgp } = keypair;
  const isInService = retiredAt === null;
  const names = (edges: { node: { name: string } }[]) => edges.map(({ node }) => node.name).join(", ");
  return (
    <Section title={t.facts}>
      <Card withBorder>
        <Facts
          facts={[
            [t.state, <KeypairBadge key="state" keypair={keypair} />],
            [t.heldBy, heldBy && <Holder key="holder" release={heldBy} />],
            [t.type, word("types", type)],
            [t.category, word("categories", category)],
            [t.algorithm, algorithm],
            [t.access, t.accesses[access]],
            [
              t.teams,
              names(keypair.teamsConnection.edges) || (isInService && account.teamsEnabled && t.noTeam),
            ],
            [t.backend, backend],
            [t.createdAt, <Instant key="at" at={createdAt} />],
            [t.openpgpUserId, openpgp?.userId],
            [t.openpgpUntil, openpgp && <Expiry key="until" at={openpgp.expiresAt} />],
            [t.predecessor, keypair.predecessor && <KeypairLink key="before" {...keypair.predecessor} />],
            [t.successor, keypair.successor && <KeypairLink key="after" {...keypair.successor} />],
            [t.retiredAt, retiredAt && <Retirement key="retired" keypair={keypair} />],
          ]}
        />
      </Card>
    </Section>
  );
}

function KeypairLink({ id, alias }: { id: string; alias: string }) {
  return (
    <TextLink to="/keypairs/$id" params={{ id }} underline="always">
      {alias}
    </TextLink>
  );
}
