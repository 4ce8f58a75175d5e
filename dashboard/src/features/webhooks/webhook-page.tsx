import { Card } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { ButtonLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty, Section } from "@/ui/section";
import { messages } from "./messages";
import { WebhookActions } from "./webhook-actions";
import { WebhookMessages } from "./webhook-messages";
import { WebhookDocument, type WebhookDetailFragment, type WebhookQuery } from "./webhooks.generated";

const route = getRouteApi("/webhooks/$id");

/** One webhook: where it leads, what it receives, and what became of its messages. */
export function WebhookPage(): ReactNode {
  const t = useMessages(messages);
  const { id } = route.useParams();
  const state = useLiveQuery({ query: WebhookDocument, variables: { id } }, ["webhook:"]);
  return (
    <QueryState state={state} rows={6}>
      {({ node }) =>
        isWebhook(node) ? (
          <Page title={node.name} actions={<WebhookActions webhook={node} />}>
            <WebhookFacts webhook={node} />
            <WebhookMessages key={node.id} id={node.id} />
          </Page>
        ) : (
          <Page title={t.title}>
            <Empty action={<ButtonLink to="/webhooks">{t.title}</ButtonLink>}>{t.missing}</Empty>
          </Page>
        )
      }
    </QueryState>
  );
}

function isWebhook(node: WebhookQuery["node"]): node is WebhookDetailFragment {
  return node !== null && "url" in node;
}

function WebhookFacts({ webhook }: { webhook: WebhookDetailFragment }) {
  const t = useMessages(messages);
  const { url, tags, active, disabledReason, createdAt, previousSecretUntil } = webhook;
  return (
    <Section title={t.facts}>
      <Card withBorder>
        <Facts
          facts={[
            [t.offBecause, !active && (disabledReason ?? t.off)],
            [t.url, url],
            [t.tags, tags.join(", ")],
            [t.createdAt, <Instant key="at" at={createdAt} />],
            [t.previousSecret, previousSecretUntil && <Instant key="until" at={previousSecretUntil} />],
          ]}
        />
      </Card>
    </Section>
  );
}
