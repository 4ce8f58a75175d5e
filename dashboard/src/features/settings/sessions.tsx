import { Badge, Button, Card, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useNow } from "@/app/clock";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Instant } from "@/ui/instant";
import { Section } from "@/ui/section";
import { deviceOf } from "./device";
import { messages } from "./messages";
import { EndSessionDocument, type SessionRowFragment } from "./settings.generated";

/** Where the person is signed in, and how to end that. */
export function Sessions({ sessions }: { sessions: readonly SessionRowFragment[] }) {
  const t = useMessages(messages);
  const now = useNow();
  const [ending, setEnding] = useState<SessionRowFragment | null>(null);
  const command = useCommand(EndSessionDocument, ({ result }) => result, "session:");
  const nameOf = useDeviceName();
  const open = sessions.filter(({ endedAt, expiresAt }) => !endedAt && Date.parse(expiresAt) > now);
  const end = async (id: string) => {
    if (await command.run({ input: { id } })) setEnding(null);
  };
  return (
    <Section title={t.sessions}>
      <Card withBorder>
        <Stack>
          <Text size="sm" c="dimmed">
            {t.sessionsHint}
          </Text>
          {open.map((session) => (
            <SessionRow key={session.id} session={session} onEnd={() => setEnding(session)} />
          ))}
        </Stack>
      </Card>
      {ending && (
        <ConfirmDialog
          action={t.end}
          what={nameOf(ending)}
          color="red"
          text={t.endText}
          command={command}
          onConfirm={() => end(ending.id)}
          onClose={() => setEnding(null)}
        />
      )}
    </Section>
  );
}

function SessionRow({ session, onEnd }: { session: SessionRowFragment; onEnd: () => void }) {
  const t = useMessages(messages);
  const name = useDeviceName()(session);
  const { current, method, createdAt, lastSeenAt } = session;
  return (
    <Group justify="space-between" gap="sm">
      <div>
        <Text fw={600}>{name}</Text>
        <Text size="sm" c="dimmed">
          {t.signedIn} <Instant at={createdAt} />, {t.methods[method]} · {t.lastSeen}{" "}
          <Instant at={lastSeenAt} />
        </Text>
      </div>
      {current ? (
        <Badge variant="default" tt="none">
          {t.current}
        </Badge>
      ) : (
        <Button size="compact-sm" variant="default" onClick={onEnd} aria-label={`${t.end}: ${name}`}>
          {t.end}
        </Button>
      )}
    </Group>
  );
}

function useDeviceName() {
  const t = useMessages(messages);
  return ({ deviceName, userAgent }: SessionRowFragment): string => {
    const { browser, system } = deviceOf(userAgent);
    const named = browser && system ? t.device(browser, system) : browser || system;
    return deviceName ?? (named || t.unknownDevice);
  };
}
