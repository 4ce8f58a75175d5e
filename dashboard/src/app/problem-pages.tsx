import { Alert, Button, Group, Text } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Permission } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { messages } from "./messages";
import type { Page as NavigationPage } from "./navigation";
import { useWords } from "./session";

/** What is shown for a path that no page has. */
export function MissingPage(): ReactNode {
  const t = useMessages(messages);
  return (
    <Page title={t.missing}>
      <TextLink to="/">{t.toHome}</TextLink>
    </Page>
  );
}

/** What is shown in place of a page to who lacks its permission. */
export function RefusedPage({
  name,
  permission,
}: {
  name: NavigationPage["name"];
  permission: Permission;
}): ReactNode {
  const t = useMessages(messages);
  const word = useWords();
  return (
    <Page title={t.pages[name]}>
      <Text>{t.needsPermission(word("permissions", permission))}</Text>
      <TextLink to="/">{t.toHome}</TextLink>
    </Page>
  );
}

/** What is shown where a page fails, or cannot be loaded: after an upgrade its file may be gone. */
export function BrokenPage({ error }: ErrorComponentProps): ReactNode {
  const t = useMessages(messages);
  return (
    <Page title={t.broken}>
      <Alert color="red">
        {error instanceof Error ? error.message : String(error)}
        <Group mt="sm">
          <Button variant="default" onClick={() => location.reload()}>
            {t.retry}
          </Button>
        </Group>
      </Alert>
    </Page>
  );
}
