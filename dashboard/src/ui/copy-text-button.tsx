import { Button, CopyButton } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";

interface Props {
  text: string;
  /** Whether it is beside a single line of text. */
  compact?: boolean;
}

/** A button that copies a text, and says so for a moment. */
export function CopyTextButton({ text, compact = false }: Props) {
  const t = useMessages(messages);
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button variant="default" size={compact ? "compact-sm" : "sm"} flex="none" onClick={copy}>
          {copied ? t.copied : t.copy}
        </Button>
      )}
    </CopyButton>
  );
}
