import { Card, Checkbox, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import type { MessageKind } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { Refusals } from "@/ui/refusals";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import { UpdatePreferencesDocument, type PreferenceFragment } from "./settings.generated";

interface Props {
  channels: readonly string[];
  preferences: readonly PreferenceFragment[];
}

/** By which channels each kind of message reaches the person. */
export function Preferences({ channels, preferences }: Props) {
  const t = useMessages(messages);
  const command = useCommand(UpdatePreferencesDocument, ({ result }) => result, "preferences:");
  // A choice is shown before the server has answered, and taken back if it was refused.
  const [choices, setChoices] = useState<Partial<Record<MessageKind, PreferenceFragment>>>({});
  const choose = async (choice: PreferenceFragment) => {
    setChoices((before) => ({ ...before, [choice.kind]: choice }));
    const payload = await command.run({ input: { preferences: [choice] } });
    if (!payload) setChoices((before) => ({ ...before, [choice.kind]: undefined }));
  };
  const shown = preferences.map((each) => choices[each.kind] ?? each);
  return (
    <Section title={t.notifications}>
      <Card withBorder>
        <Stack>
          <Text size="sm" c="dimmed">
            {t.notificationsHint}
          </Text>
          <Refusals refusals={command.refusals} />
          <Choices channels={channels} preferences={shown} onChoose={choose} />
        </Stack>
      </Card>
    </Section>
  );
}

function Choices({
  channels,
  preferences,
  onChoose,
}: Props & { onChoose: (choice: PreferenceFragment) => void }) {
  const t = useMessages(messages);
  const word = useWords();
  // One that was chosen once may be configured no more.
  const available = (chosen: readonly string[]) => chosen.filter((channel) => channels.includes(channel));
  const nameOf = (channel: string) => (channel === "email" ? t.emailChannel : channel);
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t.kind}</Table.Th>
          {channels.map((channel) => (
            <Table.Th key={channel} style={{ whiteSpace: "nowrap" }}>
              {nameOf(channel)}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {preferences.map(({ kind, channels: chosen }) => (
          <Table.Tr key={kind}>
            <Table.Td>{word("messageKinds", kind)}</Table.Td>
            {channels.map((channel) => (
              <Table.Td key={channel}>
                <Checkbox
                  aria-label={t.by(word("messageKinds", kind), nameOf(channel))}
                  checked={chosen.includes(channel)}
                  onChange={() => onChoose({ kind, channels: toggled(available(chosen), channel) })}
                />
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function toggled(channels: readonly string[], channel: string): string[] {
  return channels.includes(channel) ? channels.filter((each) => each !== channel) : [...channels, channel];
}
