import { useWords } from "@/app/session";
import { SentMessages } from "@/features/deliveries/sent-messages";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import { WebhookDeliveriesDocument, type WebhookDeliveriesQuery } from "./webhooks.generated";

/** What was sent to a webhook, and what became of it. */
export function WebhookMessages({ id }: { id: string }) {
  const t = useMessages(messages);
  const word = useWords();
  const concerns = ["webhook:", "delivery:"];
  const pages = usePages(WebhookDeliveriesDocument, { id }, ({ node }) => deliveriesOf(node), concerns);
  return (
    <Section title={t.deliveries}>
      <SentMessages
        pages={pages}
        empty={t.noDeliveries}
        titleOf={({ tag }) => ({ shown: word("tags", tag), text: word("tags", tag) })}
      />
    </Section>
  );
}

function deliveriesOf(node: WebhookDeliveriesQuery["node"]) {
  return node && "deliveries" in node ? node.deliveries : null;
}
