import { Alert, Button, Group } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";

/** Says that a list of several pages has changed since it was read, and reads it again when that is wanted. */
export function Outdated({ pages }: { pages: { outdated: boolean; reload: () => void } }) {
  const t = useMessages(messages);
  if (!pages.outdated) return null;
  return (
    <Alert role="status" p="xs">
      <Group justify="space-between">
        {t.outdated}
        <Button size="compact-sm" variant="default" onClick={pages.reload}>
          {t.showChanges}
        </Button>
      </Group>
    </Alert>
  );
}
