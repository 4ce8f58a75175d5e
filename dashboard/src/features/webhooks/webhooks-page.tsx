import { Button, Group, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { SecretDialog } from "@/ui/secret-dialog";
import { StateBadge } from "@/ui/status-badge";
import { messages } from "./messages";
import { NewWebhook } from "./webhook-form";
import { WebhooksDocument } from "./webhooks.generated";

/** The webhooks of the account, for whoever manages it. */
export function WebhooksPage(): ReactNode {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<{ id: string; secret: string } | null>(null);
  const pages = usePages(WebhooksDocument, {}, ({ webhooks }) => webhooks, ["webhook:"]);
  const onCreated = (id: string, secret: string) => {
    setCreating(false);
    setCreated({ id, secret });
  };
  return (
    <Page title={t.title} actions={<Button onClick={() => setCreating(true)}>{t.new}</Button>}>
      <Text c="dimmed">{t.hint}</Text>
      <PagedList label={t.title} pages={pages} empty={t.none}>
        {({ id, name, url, tags, active }) => (
          <>
            <Group gap="xs">
              <TextLink to="/webhooks/$id" params={{ id }} fw={600}>
                {name}
              </TextLink>
              {!active && <StateBadge state="DISABLED">{t.off}</StateBadge>}
            </Group>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {url}
            </Text>
            <Text size="sm" c="dimmed">
              {tags.join(", ")}
            </Text>
          </>
        )}
      </PagedList>
      {creating && <NewWebhook onCreated={onCreated} onClose={() => setCreating(false)} />}
      {created && (
        <SecretDialog
          title={t.secret}
          hint={t.secretHint}
          secret={created.secret}
          onClose={() => navigate({ to: "/webhooks/$id", params: { id: created.id } })}
        />
      )}
    </Page>
  );
}
