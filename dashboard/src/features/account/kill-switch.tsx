import { Alert, Group, Text } from "@mantine/core";
import { IconShieldCheck, IconSnowflake } from "@tabler/icons-react";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { Section } from "@/ui/section";
import { UpdateAccountDocument, type AccountDetailFragment } from "./account.generated";
import { messages } from "./messages";

/** Whether the account signs at all, and the button that ends or allows it. */
export function KillSwitch({ account }: { account: AccountDetailFragment }) {
  const t = useMessages(messages);
  const command = useCommand(UpdateAccountDocument, ({ result }) => result, "account:");
  const { signingFrozen, name } = account;
  const action = signingFrozen ? "UNFREEZE_SIGNING" : "FREEZE_SIGNING";
  return (
    <Section title={t.killSwitch}>
      <Alert
        color={signingFrozen ? "red" : "gray"}
        icon={signingFrozen ? <IconSnowflake /> : <IconShieldCheck />}
      >
        <Group justify="space-between">
          <Text size="sm" maw="40rem">
            {signingFrozen ? t.frozen : t.notFrozen}
          </Text>
          <ConfirmedAction
            subject={account}
            action={action}
            what={name}
            color={signingFrozen ? "brand" : "red"}
            text={t[action]}
            command={command}
            onConfirm={() => command.run({ input: { signingFrozen: !signingFrozen } })}
          />
        </Group>
      </Alert>
    </Section>
  );
}
