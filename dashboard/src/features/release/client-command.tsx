import { Card, Code, Group, Text } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { CopyTextButton } from "@/ui/copy-text-button";
import { TextLink } from "@/ui/links";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import type { ReleaseDetailFragment } from "./release.generated";
import { quoted } from "./shell-words";

const ENDED = new Set(["COMPLETED", "FAILED", "REJECTED"]);

/** The command that signs files in this release, ready to be copied. */
export function ClientCommand({ release }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  if (ENDED.has(release.status)) return null;
  const wait = release.status === "IN_PROGRESS" ? "" : " --wait";
  const command = release.keypairs
    .map(
      ({ alias }) =>
        `countersign sign FILE... --key ${quoted(alias)} --release ${quoted(release.name)}${wait}`,
    )
    .join("\n");
  return (
    <Section title={t.ready}>
      <Card withBorder>
        <Text size="sm" c="dimmed" mb="xs">
          {t.readyText}
        </Text>
        <Group wrap="nowrap" align="start">
          <Code block flex={1} miw={0} tabIndex={0}>
            {command}
          </Code>
          <CopyTextButton text={command} />
        </Group>
        <Group gap="sm" mt="xs">
          {release.keypairs.map(({ id, alias }) => (
            <TextLink key={id} to="/can-i-sign" search={{ keypair: id }} size="sm" underline="always">
              {t.canISign(alias)}
            </TextLink>
          ))}
        </Group>
      </Card>
    </Section>
  );
}
