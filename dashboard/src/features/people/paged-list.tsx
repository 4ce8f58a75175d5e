import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import type { Pages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { messages as common } from "@/ui/messages";
import { Outdated } from "@/ui/outdated";
import { QueryState } from "@/ui/query-state";
import { Empty } from "@/ui/section";
import classes from "./list.module.css";
import { messages } from "./messages";

interface Props<Row> {
  label: string;
  pages: Pages<Row>;
  /** What is shown where no row is. */
  empty: string;
  /** Takes the filters away; left out where none is set. */
  onClear?: (() => void) | undefined;
  children: (row: Row) => ReactNode;
}

/** A list that is read page by page: its rows, or why there are none, and how to read on. */
export function PagedList<Row extends { id: string }>({
  label,
  pages,
  empty,
  onClear,
  children,
}: Props<Row>) {
  const t = useMessages(messages);
  const { more } = useMessages(common);
  const clear = onClear && (
    <Button variant="default" onClick={onClear}>
      {t.clear}
    </Button>
  );
  return (
    <>
      <Outdated pages={pages} />
      <QueryState
        state={{ ...pages, data: pages.loading && pages.rows.length === 0 ? undefined : pages.rows }}
      >
        {(rows) =>
          rows.length > 0 ? (
            <ul className={classes.list} aria-label={label}>
              {rows.map((row) => (
                <li key={row.id} className={classes.row}>
                  {children(row)}
                </li>
              ))}
            </ul>
          ) : (
            <Empty action={clear}>{empty}</Empty>
          )
        }
      </QueryState>
      {pages.hasMore && (
        <Button variant="default" onClick={pages.loadMore}>
          {more}
        </Button>
      )}
    </>
  );
}
