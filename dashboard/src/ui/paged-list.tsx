import type { ReactNode } from "react";
import type { Pages } from "@/graphql/use-pages";
import { MoreButton, Paged } from "./paged";
import classes from "./paged-list.module.css";

interface Props<Row> {
  label: string;
  pages: Pages<Row>;
  /** What is shown where no row is. */
  empty: string;
  /** Takes the filters away; left out where none is set. */
  onClear?: (() => void) | undefined;
  /** Which of the three columns is the wide one beside the first, on a wide screen. */
  wide?: "second" | "third";
  children: (row: Row) => ReactNode;
}

/** A list that is read page by page: its rows in three columns, and how to read on. */
export function PagedList<Row extends { id: string }>({
  label,
  pages,
  empty,
  onClear,
  wide = "second",
  children,
}: Props<Row>) {
  return (
    <>
      <Paged pages={pages} empty={empty} onClear={onClear}>
        {(rows) => (
          <ul className={classes.list} aria-label={label}>
            {rows.map((row) => (
              <li key={row.id} className={classes.row} data-wide={wide}>
                {children(row)}
              </li>
            ))}
          </ul>
        )}
      </Paged>
      <MoreButton pages={pages} />
    </>
  );
}
