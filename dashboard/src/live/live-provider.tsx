import { createContext, useContext, useEffect, type ReactNode } from "react";
import { useClient } from "urql";
import type { ConnectionState } from "@/graphql/client";
import { follow } from "./follow";
import { AccountEventsDocument, InboxEventsDocument, ReleaseEventsDocument } from "./live.generated";
import { announce, EVERYTHING } from "./signals";

const Connection = createContext<ConnectionState>("connecting");

/** Returns whether events arrive at the moment. */
export const useConnection = () => useContext(Connection);

/** Follows what happens in the account for as long as the dashboard is open. */
export function LiveProvider({ connection, children }: { connection: ConnectionState; children: ReactNode }) {
  const client = useClient();
  useEffect(() => {
    const onGap = () => announce(EVERYTHING);
    const onEvent = ({ tag }: { tag: string }) => announce(tag);
    const onInboxEvent = () => announce("inbox");
    const stops = [
      follow(client, ReleaseEventsDocument, (data) => data.releaseEvents, { onEvent, onGap }),
      follow(client, InboxEventsDocument, (data) => data.inboxEvents, { onEvent: onInboxEvent, onGap }),
      follow(client, AccountEventsDocument, (data) => data.accountEvents, { onEvent, onGap }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [client]);
  return <Connection value={connection}>{children}</Connection>;
}
