import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import { usePages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { Instant } from "@/ui/instant";
import { MoreButton, Paged } from "@/ui/paged";
import { Refusals } from "@/ui/refusals";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import {
  ResendWebhookDeliveryDocument,
  WebhookDeliveriesDocument,
  type WebhookDeliveriesQuery,
} from "./webhooks.generated";

type Node = NonNullable<WebhookDeliveriesQuery["node"]>;
type Delivery = Extract<Node, { deliveries: unknown }>["deliveries"]["edges"][number]["node"];

/** What was sent to a webhook, and what became of it. */
export function WebhookMessages({ id }: { id: string }) {
  const t = useMessages(messages);
  const concerns = ["webhook:", "delivery:"];
  const pages = usePages(WebhookDeliveriesDocument, { id }, ({ node }) => deliveriesOf(node), concerns);
  const { run, refusals } = useCommand(ResendWebhookDeliveryDocument, ({ result }) => result, "delivery:");
  const resend = async (delivery: Delivery) => {
    if (await run({ input: { id: delivery.id } })) notifications.show({ message: t.resent });
  };
  return (
    <Section title={t.deliveries}>
      <Refusals refusals={refusals} />
      <Paged pages={pages} empty={t.noDeliveries} skeletonRows={2}>
        {(deliveries) => (
          <Card withBorder>
            <Stack gap="xs">
              {deliveries.map((delivery) => (
                <MessageRow key={delivery.id} delivery={delivery} onResend={() => resend(delivery)} />
              ))}
            </Stack>
          </Card>
        )}
      </Paged>
      <MoreButton pages={pages} />
    </Section>
  );
}

function deliveriesOf(node: WebhookDeliveriesQuery["node"]) {
  return node && "deliveries" in node ? node.deliveries : null;
}

function MessageRow({ delivery, onResend }: { delivery: Delivery; onResend: () => void }) {
  const t = useMessages(messages);
  const word = useWords();
  const { instant, number } = useFormats();
  const { tag, state, attempts, lastError, createdAt, settledAt, nextAttemptAt } = delivery;
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap">
      <div style={{ overflowWrap: "anywhere" }}>
        <Text size="sm">{word("tags", tag)}</Text>
        <Text size="sm" c={state === "FAILED" ? "red" : "dimmed"}>
          {word("deliveryStates", state)}, <Instant at={settledAt ?? createdAt} />
          {attempts > 0 && nextAttemptAt && `, ${t.tried(number(attempts), instant(nextAttemptAt))}`}{" "}
          {lastError}
        </Text>
      </div>
      {settledAt && (
        <Button
          size="compact-sm"
          flex="none"
          variant={state === "FAILED" ? "default" : "subtle"}
          aria-label={`${t.resend}: ${word("tags", tag)}`}
          onClick={onResend}
        >
          {t.resend}
        </Button>
      )}
    </Group>
  );
}
