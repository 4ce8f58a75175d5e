import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { messages } from "./messages";
import { NewToken } from "./new-token";
import { TokenRow } from "./token-row";
import { TokensDocument } from "./tokens.generated";

/** The person's own tokens; those of everybody for whoever manages users. */
export function TokensPage(): ReactNode {
  const t = useMessages(messages);
  const pages = usePages(TokensDocument, {}, ({ apiTokens }) => apiTokens, ["token:", "user:"]);
  const create = <DialogButton label={t.new}>{(close) => <NewToken onClose={close} />}</DialogButton>;
  return (
    <Page title={t.title} actions={create}>
      <Text c="dimmed">{t.hint}</Text>
      <PagedList label={t.title} pages={pages} empty={t.none} wide="third">
        {(token) => <TokenRow token={token} />}
      </PagedList>
    </Page>
  );
}
