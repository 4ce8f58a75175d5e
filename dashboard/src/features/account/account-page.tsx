import type { ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { AccountDocument } from "./account.generated";
import { KillSwitch } from "./kill-switch";
import { messages } from "./messages";
import { RulesForm } from "./rules-form";

/** The kill switch of the account, and the rules by which its releases live. */
export function AccountPage(): ReactNode {
  const t = useMessages(messages);
  const state = useLiveQuery({ query: AccountDocument }, ["account:"]);
  return (
    <Page title={t.title}>
      <QueryState state={state} rows={6}>
        {({ viewer: { account } }) => (
          <>
            <KillSwitch account={account} />
            <RulesForm key={JSON.stringify(account)} account={account} />
          </>
        )}
      </QueryState>
    </Page>
  );
}
