import { Alert, Button, Code, Group } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { CopyTextButton } from "./copy-text-button";
import { Dialog } from "./dialog";
import { messages } from "./messages";

interface Props {
  title: string;
  /** Says that it is shown once, and where it belongs. */
  hint: string;
  secret: string;
  onClose: () => void;
}

/** Shows a secret once: it is in no address and in no cache, and gone when the dialog closes. */
export function SecretDialog({ title, hint, secret, onClose }: Props) {
  const t = useMessages(messages);
  return (
    <Dialog title={title} onClose={onClose}>
      <Alert color="orange">{hint}</Alert>
      <Code block tabIndex={0} data-autofocus style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
        {secret}
      </Code>
      <Group justify="flex-end">
        <CopyTextButton text={secret} />
        <Button onClick={onClose}>{t.done}</Button>
      </Group>
    </Dialog>
  );
}
