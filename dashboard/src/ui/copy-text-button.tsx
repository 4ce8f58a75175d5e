import { Button, CopyButton } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";

/** A button that copies a text, and says so for a moment. */
export function CopyTextButton({ text }: { text: string }) {
  const t = useMessages(messages);
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button variant="default" flex="none" onClick={copy}>
          {copied ? t.copied : t.copy}
        </Button>
      )}
    </CopyButton>
  );
}
