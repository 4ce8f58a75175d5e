import type { ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Identities } from "./identities";
import { messages } from "./messages";
import { Preferences } from "./preferences";
import { Profile } from "./profile";
import { Sessions } from "./sessions";
import { SettingsDocument } from "./settings.generated";

const CONCERNS = ["user:", "session:", "identity:", "preferences:"];

/** What is the person's own: name, zone and language, messages, sessions, and how they sign in. */
export function SettingsPage(): ReactNode {
  const t = useMessages(messages);
  const state = useLiveQuery({ query: SettingsDocument }, CONCERNS);
  return (
    <Page title={t.title}>
      <QueryState state={state} rows={6}>
        {({ viewer: { user, notificationChannels, notificationPreferences } }) => (
          <>
            <Profile key={`${user.name} ${user.email} ${user.timeZone} ${user.locale}`} user={user} />
            <Preferences channels={notificationChannels} preferences={notificationPreferences} />
            <Sessions sessions={user.sessions} />
            <Identities identities={user.identities} />
          </>
        )}
      </QueryState>
    </Page>
  );
}
