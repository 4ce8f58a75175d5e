import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { useClient, type CombinedError } from "urql";
import { useAnnounced } from "@/live/signals";

interface Connection<Node> {
  edges: { node: Node }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export interface Pages<Node> {
  rows: Node[];
  loading: boolean;
  error: CombinedError | undefined;
  hasMore: boolean;
  loadMore: () => void;
  /** Whether the list has changed since it was read: with one page it is read again by itself. */
  outdated: boolean;
  reload: () => void;
}

interface State<Node> {
  key: string;
  cursors: (string | null)[];
  pages: (Connection<Node> | undefined)[];
  error: CombinedError | undefined;
}

/**
 * Reads a list page by page by its cursors. What is shown of a row follows events at once, since every page is
 * watched in the cache. Which rows there are is read again when something is announced under one of the prefixes;
 * a list of several pages is only marked as outdated, so that nothing moves under the reader's eyes.
 */
export function usePages<Data, Variables extends { after?: string | null }, Node>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, "after">,
  pick: (data: Data) => Connection<Node> | null,
  prefixes: readonly string[],
): Pages<Node> {
  const client = useClient();
  const wanted = JSON.stringify(variables);
  const [generation, setGeneration] = useState(0);
  const [outdated, setOutdated] = useState(false);
  const key = `${wanted} ${generation}`;
  const [state, setState] = useState<State<Node>>(() => emptyState(key));
  // While another list is being read, the one before it stays on the screen.
  const cursors = state.key === key ? state.cursors : FIRST;
  const joined = JSON.stringify(cursors);

  const onPage = useEffectEvent((index: number, page: Connection<Node> | null, error?: CombinedError) => {
    setState((before) => {
      const current = before.key === key ? before : { ...emptyState<Node>(key), cursors };
      const pages = page ? replaced(current.pages, index, page) : current.pages;
      return { ...current, pages, error: page ? undefined : error };
    });
  });
  const watched = useRef(new Map<string | null, { unsubscribe: () => void }>());
  useEffect(() => {
    const pages = watched.current;
    return () => {
      pages.forEach((page) => page.unsubscribe());
      pages.clear();
    };
  }, [client, document, wanted, generation]);
  // A page that is watched already is not read anew for each one behind it.
  useEffect(() => {
    (JSON.parse(joined) as (string | null)[]).forEach((after, index) => {
      if (watched.current.has(after)) return;
      const page = client
        .query(document, { ...(JSON.parse(wanted) as object), after } as Variables)
        .subscribe(({ data, error }) => onPage(index, data ? pick(data) : null, error));
      watched.current.set(after, page);
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `pick` does the same each time
  }, [client, document, wanted, joined, generation]);

  const reload = () => {
    setOutdated(false);
    setGeneration((before) => before + 1);
  };
  useAnnounced(prefixes, () => (cursors.length === 1 ? reload() : setOutdated(true)));

  const rows = useMemo(
    () => state.pages.flatMap((page) => page?.edges.map(({ node }) => node) ?? []),
    [state.pages],
  );
  const last = state.pages[cursors.length - 1];
  const hasMore = state.key === key && last?.pageInfo.hasNextPage === true;
  const loadMore = () => {
    const after = last?.pageInfo.endCursor;
    if (hasMore && after) setState((before) => ({ ...before, cursors: [...before.cursors, after] }));
  };
  const loading = state.key !== key || (last === undefined && state.error === undefined);
  return { rows, loading, error: state.error, hasMore, loadMore, outdated, reload };
}

const FIRST: (string | null)[] = [null];

function emptyState<Node>(key: string): State<Node> {
  return { key, cursors: FIRST, pages: [], error: undefined };
}

function replaced<Node>(pages: State<Node>["pages"], index: number, page: Connection<Node>) {
  const copy = [...pages];
  copy[index] = page;
  return copy;
}
