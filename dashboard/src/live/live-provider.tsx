import { createContext, useContext, useEffect, useRef, useState, type ReactNode } from "react";
import { useClient } from "urql";
import { useSession } from "@/app/session";
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
  const { eventCursor } = useSession();
  // Read before the pages were: what happens from then on is followed, also while the connection is being made.
  const [first] = useState(eventCursor);
  const wasLost = useRef(false);
  useEffect(() => {
    if (connection === "lost") wasLost.current = true;
    if (connection !== "open" || !wasLost.current) return;
    wasLost.current = false;
    // What could not be read meanwhile is read again, whether anything happened or not.
    announce(EVERYTHING);
  }, [connection]);
  useEffect(() => {
    const onGap = () => announce(EVERYTHING);
    const onEvent = ({ tag }: { tag: string }) => announce(tag);
    const onInboxEvent = () => announce("inbox");
    const stops = [
      follow(client, ReleaseEventsDocument, (data) => data.releaseEvents, first, { onEvent, onGap }),
      follow(client, InboxEventsDocument, (data) => data.inboxEvents, first, {
        onEvent: onInboxEvent,
        onGap,
      }),
      follow(client, AccountEventsDocument, (data) => data.accountEvents, first, { onEvent, onGap }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [client, first]);
  return <Connection value={connection}>{children}</Connection>;
}
