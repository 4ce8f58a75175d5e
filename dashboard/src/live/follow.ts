import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { Client } from "urql";
import { onEnd, pipe, subscribe } from "wonka";
import { isRefusedWith } from "@/graphql/client";
import { retryDelayMilliseconds } from "./retry";

interface Event {
  cursor: string;
  tag: string;
}

export interface Listener<E extends Event> {
  onEvent: (event: E) => void;
  /** Events may have been missed: what is shown has to be read again. */
  onGap: () => void;
}

type After = { after?: string | null };

/**
 * Follows a subscription from a cursor on, until the returned function is called. After a lost connection it resumes
 * behind the last event, so that nothing is missed and nothing repeated; where the server no longer knows the cursor,
 * it reports a gap and begins anew.
 */
export function follow<Data, E extends Event>(
  client: Client,
  document: TypedDocumentNode<Data, After>,
  pick: (data: Data) => E,
  first: string,
  { onEvent, onGap }: Listener<E>,
): () => void {
  let cursor: string | null = first;
  let attempt = 0;
  let stopped = false;
  let stop = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;

  const retry = () => {
    stop();
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(start, retryDelayMilliseconds(attempt++));
  };
  const start = () => {
    clearTimeout(timer);
    if (cursor === null) onGap();
    const following = pipe(
      client.subscription(document, { after: cursor }),
      onEnd(retry),
      subscribe(({ data, error }) => {
        if (error) {
          // The ledger was restored from a backup: what the cursor stands for no longer exists.
          if (isRefusedWith(error, "INVALID_INPUT")) cursor = null;
        } else if (data) {
          const event = pick(data);
          cursor = event.cursor;
          attempt = 0;
          onEvent(event);
        }
      }),
    );
    stop = () => following.unsubscribe();
  };
  const startAtOnce = () => {
    if (timer !== undefined) start();
  };

  window.addEventListener("online", startAtOnce);
  start();
  return () => {
    stopped = true;
    clearTimeout(timer);
    window.removeEventListener("online", startAtOnce);
    stop();
  };
}
