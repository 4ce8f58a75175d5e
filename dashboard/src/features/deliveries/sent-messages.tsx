import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import type { Pages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { Instant } from "@/ui/instant";
import { MoreButton, Paged } from "@/ui/paged";
import { Refusals } from "@/ui/refusals";
import { ResendDeliveryDocument } from "./deliveries.generated";
import { messages } from "./messages";

/** The states in which a message can be sent again: it failed, or got lost behind the channel. */
const SETTLED = new Set(["FAILED", "SENT"]);

interface Delivery {
  id: string;
  state: string;
  attempts: number;
  lastError?: string | null | undefined;
  createdAt: string;
  settledAt?: string | null | undefined;
  nextAttemptAt?: string | null | undefined;
}

interface Title {
  /** What the message is, as its row shows it. */
  shown: ReactNode;
  /** The same as one text, for the name of its button. */
  text: string;
}

interface Props<Sent extends Delivery> {
  pages: Pages<Sent>;
  empty: string;
  titleOf: (delivery: Sent) => Title;
}

/** Messages, what became of them, and a button to send them again. */
export function SentMessages<Sent extends Delivery>({ pages, empty, titleOf }: Props<Sent>) {
  const t = useMessages(messages);
  const { run, refusals } = useCommand(ResendDeliveryDocument, ({ result }) => result, "delivery:");
  const resend = async ({ id }: Sent) => {
    if (await run({ input: { id } })) notifications.show({ message: t.resent });
  };
  return (
    <>
      <Refusals refusals={refusals} />
      <Paged pages={pages} empty={empty} skeletonRows={2}>
        {(deliveries) => (
          <Card withBorder>
            <Stack gap="xs">
              {deliveries.map((delivery) => (
                <Row
                  key={delivery.id}
                  delivery={delivery}
                  title={titleOf(delivery)}
                  onResend={() => resend(delivery)}
                />
              ))}
            </Stack>
          </Card>
        )}
      </Paged>
      <MoreButton pages={pages} />
    </>
  );
}

interface RowProps {
  delivery: Delivery;
  title: Title;
  onResend: () => void;
}

function Row({ delivery, title, onResend }: RowProps) {
  const t = useMessages(messages);
  const word = useWords();
  const { instant, number } = useFormats();
  const { state, attempts, lastError, createdAt, settledAt, nextAttemptAt } = delivery;
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap">
      <div style={{ overflowWrap: "anywhere" }}>
        <Text size="sm">{title.shown}</Text>
        <Text size="sm" c={state === "FAILED" ? "red" : "dimmed"}>
          {word("deliveryStates", state)}, <Instant at={settledAt ?? createdAt} />
          {attempts > 0 && nextAttemptAt && `, ${t.tried(number(attempts), instant(nextAttemptAt))}`}{" "}
          {lastError}
        </Text>
      </div>
      {SETTLED.has(state) && (
        <Button
          size="compact-sm"
          flex="none"
          variant={state === "FAILED" ? "default" : "subtle"}
          aria-label={`${t.resend}: ${title.text}`}
          onClick={onResend}
        >
          {t.resend}
        </Button>
      )}
    </Group>
  );
}
