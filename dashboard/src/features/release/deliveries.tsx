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
import { ReleaseDeliveriesDocument, ResendDocument, type ReleaseDeliveriesQuery } from "./release.generated";

type Delivery = NonNullable<ReleaseDeliveriesQuery["release"]>["deliveries"]["edges"][number]["node"];

/** The states in which a message can be sent again: it failed, or got lost behind the channel. */
const SETTLED = new Set(["FAILED", "SENT"]);

/** Who got which message about a release, and what became of it. */
export function Deliveries({ id }: { id: string }) {
  const t = useMessages(messages);
  const pages = usePages(ReleaseDeliveriesDocument, { id }, ({ release }) => release?.deliveries ?? null, [
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
      <Paged pages={pages} empty={t.noDeliveries} skeletonRows={2}>
        {(deliveries) => (
          <Card withBorder>
            <Stack gap="xs">
              {deliveries.map((delivery) => (
                <DeliveryRow key={delivery.id} delivery={delivery} onResend={() => resend(delivery)} />
              ))}
            </Stack>
          </Card>
        )}
      </Paged>
      <MoreButton pages={pages} />
    </Section>
  );
}

function DeliveryRow({ delivery, onResend }: { delivery: Delivery; onResend: () => void }) {
  const t = useMessages(messages);
  const word = useWords();
  const { instant } = useFormats();
  const { recipient, kind, channel, state, attempts, lastError, createdAt, settledAt, nextAttemptAt } =
    delivery;
  const what = `${recipient.name}, ${word("messageKinds", kind)}`;
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap">
      <div style={{ overflowWrap: "anywhere" }}>
        <Text size="sm">
          <b>{recipient.name}</b> · {word("messageKinds", kind)} · {channel}
        </Text>
        <Text size="sm" c={state === "FAILED" ? "red" : "dimmed"}>
          {word("deliveryStates", state)}, <Instant at={settledAt ?? createdAt} />
          {attempts > 0 && nextAttemptAt && `, ${t.tried(attempts, instant(nextAttemptAt))}`} {lastError}
        </Text>
      </div>
      {SETTLED.has(state) && (
        <Button
          size="compact-sm"
          flex="none"
          variant={state === "FAILED" ? "default" : "subtle"}
          aria-label={`${t.resend}: ${what}`}
          onClick={onResend}
        >
          {t.resend}
        </Button>
      )}
    </Group>
  );
}
