import { Button, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { messages } from "./messages";
import { NewToken } from "./new-token";
import { TokenRow } from "./token-row";
import { TokensDocument } from "./tokens.generated";

/** The person's own tokens; those of everybody for whoever manages users. */
export function TokensPage(): ReactNode {
  const t = useMessages(messages);
  const [creating, setCreating] = useState(false);
  const pages = usePages(TokensDocument, {}, ({ apiTokens }) => apiTokens, ["token:", "user:"]);
  return (
    <Page title={t.title} actions={<Button onClick={() => setCreating(true)}>{t.create}</Button>}>
      <Text c="dimmed">{t.hint}</Text>
      <PagedList label={t.title} pages={pages} empty={t.none} wide="third">
        {(token) => <TokenRow token={token} />}
      </PagedList>
      {creating && <NewToken onClose={() => setCreating(false)} />}
    </Page>
  );
}
