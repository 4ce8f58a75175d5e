import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Instant } from "@/ui/instant";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import { UnlinkIdentityDocument, type SettingsQuery } from "./settings.generated";

type Identity = SettingsQuery["viewer"]["user"]["identities"][number];

/** The accounts elsewhere with which the person signs in; nothing where there is none. */
export function Identities({ identities }: { identities: readonly Identity[] }) {
  const t = useMessages(messages);
  const [unlinking, setUnlinking] = useState<Identity | null>(null);
  const command = useCommand(UnlinkIdentityDocument, ({ result }) => result, "identity:");
  const unlink = async (id: string) => {
    if (await command.run({ input: { id } })) setUnlinking(null);
  };
  if (identities.length === 0) return null;
  return (
    <Section title={t.identities}>
      <Card withBorder>
        <Stack>
          {identities.map((identity) => (
            <Group key={identity.id} justify="space-between" gap="sm">
              <div>
                <Text fw={600}>{identity.issuer}</Text>
                <Text size="sm" c="dimmed">
                  {identity.subject} · {t.linked} <Instant at={identity.createdAt} />
                </Text>
              </div>
              <Button size="compact-sm" variant="default" onClick={() => setUnlinking(identity)}>
                {t.unlink}
              </Button>
            </Group>
          ))}
        </Stack>
      </Card>
      {unlinking && (
        <ConfirmDialog
          action={t.unlink}
          what={unlinking.issuer}
          color="red"
          text={t.unlinkText}
          command={command}
          onConfirm={() => unlink(unlinking.id)}
          onClose={() => setUnlinking(null)}
        />
      )}
    </Section>
  );
}
