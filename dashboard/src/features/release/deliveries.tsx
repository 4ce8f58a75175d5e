import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Instant } from "@/ui/instant";
import { QueryState } from "@/ui/query-state";
import { Refusals } from "@/ui/refusals";
import { Empty, Section } from "@/ui/section";
import { messages } from "./messages";
import { ReleaseDeliveriesDocument, ResendDocument, type ReleaseDeliveriesQuery } from "./release.generated";

type Delivery = NonNullable<ReleaseDeliveriesQuery["release"]>["deliveries"]["edges"][number]["node"];

/** Who got which message about a release, and what became of it. */
export function Deliveries({ id }: { id: string }) {
  const t = useMessages(messages);
  const state = useLiveQuery({ query: ReleaseDeliveriesDocument, variables: { id } }, [
    "release:",
    "delivery:",
  ]);
  const { run, refusals } = useCommand(ResendDocument, (data) => data.resendDelivery, "delivery:");
  const resend = async (delivery: Delivery) => {
    if (await run({ input: { id: delivery.id } })) notifications.show({ message: t.resent });
  };
  return (
    <Section title={t.deliveries} anchor="messages">
      <Refusals refusals={refusals} />
      <QueryState state={state} rows={2}>
        {({ release }) => {
          const edges = release?.deliveries.edges ?? [];
          if (edges.length === 0) return <Empty>{t.noDeliveries}</Empty>;
          return (
            <Card withBorder>
              <Stack gap="xs">
                {edges.map(({ node }) => (
                  <DeliveryRow key={node.id} delivery={node} onResend={() => resend(node)} />
                ))}
              </Stack>
            </Card>
          );
        }}
      </QueryState>
    </Section>
  );
}

function DeliveryRow({ delivery, onResend }: { delivery: Delivery; onResend: () => void }) {
  const t = useMessages(messages);
  const word = useWords();
  const { recipient, kind, channel, state, lastError, createdAt, settledAt } = delivery;
  return (
    <Group justify="space-between" gap="sm">
      <div>
        <Text size="sm">
          <b>{recipient.name}</b> · {word("messageKinds", kind)} · {channel}
        </Text>
        <Text size="sm" c={state === "FAILED" ? "red" : "dimmed"}>
          {word("deliveryStates", state)}, <Instant at={settledAt ?? createdAt} /> {lastError}
        </Text>
      </div>
      {state === "FAILED" && (
        <Button size="compact-sm" variant="default" onClick={onResend}>
          {t.resend}
        </Button>
      )}
    </Group>
  );
}
