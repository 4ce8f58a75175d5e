import { Card, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useNow } from "@/app/clock";
import { useSession } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { TextLink } from "@/ui/links";
import { Section } from "@/ui/section";
import { TroublesDocument, type TroublesQuery } from "./home.generated";
import { messages } from "./messages";
import {
  certificateTroubles,
  channelTroubles,
  releaseTroubles,
  webhookTroubles,
  type Trouble,
} from "./trouble-rules";

const DAY_MILLISECONDS = 86_400_000;
/** Certificates that expire within so many days are shown. */
const CERTIFICATE_DAYS = 30;
const CONCERNS = ["release:", "keypair:", "webhook:", "delivery:", "user:", "role:", "team:"];

/** Reads what troubles are found in: of it what the person may see. */
export function useTroubles() {
  const now = useNow();
  const { can } = useSession();
  const [instants] = useState(() => ({
    expiringBefore: new Date(now + CERTIFICATE_DAYS * DAY_MILLISECONDS).toISOString(),
    since: new Date(now - DAY_MILLISECONDS).toISOString(),
  }));
  const permitted = {
    keypairs: can("MANAGE_KEYPAIRS"),
    webhooks: can("MANAGE_ACCOUNT"),
    ledger: can("VIEW_LEDGER"),
  };
  return useLiveQuery({ query: TroublesDocument, variables: { ...instants, ...permitted } }, CONCERNS);
}

/** What will not come right by itself, each with where it is mended. The frozen account is on every page. */
export function Troubles({ data }: { data: TroublesQuery }) {
  const t = useMessages(messages);
  const formats = useFormats();
  const now = useNow();
  const words = { t, formats };
  const troubles = [
    ...releaseTroubles(data, words),
    ...certificateTroubles(data, words, now),
    ...webhookTroubles(data, words),
    ...channelTroubles(data, words),
  ];
  if (troubles.length === 0) return null;
  return (
    <Section title={t.troubles}>
      <Card withBorder>
        <Stack gap="sm">
          {troubles.map((trouble) => (
            <TroubleLine key={trouble.key} trouble={trouble} />
          ))}
        </Stack>
      </Card>
    </Section>
  );
}

function TroubleLine({ trouble: { text, action, link } }: { trouble: Trouble }) {
  return (
    <Group gap="sm" wrap="nowrap" align="start">
      <IconAlertTriangle
        size={20}
        color="var(--mantine-color-orange-6)"
        style={{ flex: "none" }}
        aria-hidden
      />
      <Group gap="0 var(--mantine-spacing-sm)" justify="space-between" flex={1}>
        <Text>{text}</Text>
        <TextLink {...link} underline="always" size="sm">
          {action}
        </TextLink>
      </Group>
    </Group>
  );
}
