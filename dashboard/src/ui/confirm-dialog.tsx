import { Button, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Refusal } from "@/graphql/refusal";
import { useMessages } from "@/i18n/locale";
import { Dialog } from "./dialog";
import { messages } from "./messages";
import { Refusals } from "./refusals";

interface Props {
  action: string;
  /** The name of what the action is taken on. */
  what: string;
  text?: string;
  color?: "brand" | "red";
  command: { refusals: Refusal[]; busy: boolean };
  onConfirm: () => void;
  onClose: () => void;
  children?: ReactNode;
}

/** Says what an action does before it is carried out, and why it was refused. */
export function ConfirmDialog({
  action,
  what,
  text,
  color = "brand",
  command,
  children,
  ...handlers
}: Props) {
  const t = useMessages(messages);
  return (
    <Dialog title={t.of(action, what)} onClose={handlers.onClose}>
      {text && <Text>{text}</Text>}
      {children}
      <Refusals refusals={command.refusals} />
      <Group justify="flex-end">
        <Button variant="default" onClick={handlers.onClose}>
          {t.cancel}
        </Button>
        <Button color={color} loading={command.busy} onClick={handlers.onConfirm}>
          {action}
        </Button>
      </Group>
    </Dialog>
  );
}
