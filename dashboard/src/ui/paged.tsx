import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import type { Pages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import { Outdated } from "./outdated";
import { QueryState } from "./query-state";
import { Empty } from "./section";

interface Props<Row> {
  pages: Pages<Row>;
  /** What is shown where no row is. */
  empty: string;
  /** Takes the filters away; left out where none is set. */
  onClear?: (() => void) | undefined;
  /** Rows of the skeleton that is shown before the first page. */
  skeletonRows?: number | undefined;
  /** Gets the rows that were read, at least one. */
  children: (rows: Row[]) => ReactNode;
}

/** What was read page by page, or why there is nothing of it. */
export function Paged<Row>({ pages, empty, onClear, skeletonRows, children }: Props<Row>) {
  const t = useMessages(messages);
  const data = pages.loading && pages.rows.length === 0 ? undefined : pages.rows;
  const clear = onClear && (
    <Button variant="default" onClick={onClear}>
      {t.clear}
    </Button>
  );
  return (
    <>
      <Outdated pages={pages} />
      <QueryState state={{ ...pages, data }} rows={skeletonRows}>
        {(rows) => (rows.length > 0 ? children(rows) : <Empty action={clear}>{empty}</Empty>)}
      </QueryState>
    </>
  );
}

/** Reads the next page, where there is one. */
export function MoreButton({ pages }: { pages: { hasMore: boolean; loadMore: () => void } }) {
  const t = useMessages(messages);
  if (!pages.hasMore) return null;
  return (
    <Button variant="default" onClick={pages.loadMore}>
      {t.more}
    </Button>
  );
}
