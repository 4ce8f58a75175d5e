import { Group, Text } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import type { Pages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Countdown } from "@/ui/countdown";
import { Instant } from "@/ui/instant";
import { TextLink } from "@/ui/links";
import { Quota } from "@/ui/quota";
import { StatusBadge } from "@/ui/status-badge";
import { messages } from "./messages";
import classes from "./release-table.module.css";

const ROW_PIXELS = 66;
/** So many rows before the end of what is loaded, the next page is read. */
const READ_AHEAD_ROWS = 30;

/** The releases as a table of which only the rows on the screen exist, however many there are. */
export function ReleaseTable({ pages }: { pages: Pages<ReleaseSummaryFragment> }) {
  const t = useMessages(messages);
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => setOffset(body.current?.offsetTop ?? 0), []);
  // The compiler of React is not used, so what it cannot memoize does not matter.
  const virtualizer = useWindowVirtualizer({
    count: pages.rows.length,
    estimateSize: () => ROW_PIXELS,
    overscan: 8,
    scrollMargin: offset,
    getItemKey: (index) => pages.rows[index]?.id ?? index,
  });
  const measure = virtualizer.measureElement;
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasMore, loadMore } = pages;
  useEffect(() => {
    if (hasMore && last >= pages.rows.length - READ_AHEAD_ROWS) loadMore();
  }, [hasMore, last, loadMore, pages.rows.length]);
  return (
    <div
      role="table"
      aria-label={t.title}
      aria-rowcount={pages.hasMore ? -1 : pages.rows.length}
      className={classes.table}
    >
      <div role="row" className={`${classes.row} ${classes.head}`}>
        {Object.values(t.columns).map((column) => (
          <div role="columnheader" key={column}>
            {column}
          </div>
        ))}
      </div>
      <div role="rowgroup" ref={body} className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const release = pages.rows[index];
          const isLast = index === pages.rows.length - 1;
          return (
            release && <Row key={key} {...{ measure, index, isLast, release }} topPixels={start - offset} />
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  measure: (element: HTMLElement | null) => void;
  index: number;
  isLast: boolean;
  release: ReleaseSummaryFragment;
  topPixels: number;
}

/** A row, which stays as it is while others come and go. */
const Row = memo(function Row({ measure, index, isLast, release, topPixels }: RowProps) {
  const { id, name, version, status, startsAt, keypairs, requestedBy, team } = release;
  return (
    <div
      role="row"
      ref={measure}
      data-index={index}
      data-last={isLast}
      aria-rowindex={index + 1}
      className={`${classes.row} ${classes.virtual}`}
      style={{ transform: `translateY(${topPixels}px)` }}
    >
      <Group role="cell" gap="0 var(--mantine-spacing-xs)">
        <TextLink to="/releases/$id" params={{ id }} fw={600} truncate>
          {name} {version}
        </TextLink>
        <StatusBadge status={status} />
      </Group>
      <div role="cell">
        <Instant at={startsAt} />
        <Text size="xs" c="dimmed">
          <Countdown release={release} />
        </Text>
      </div>
      <Text role="cell" size="sm" truncate>
        {keypairs.map(({ alias }) => alias).join(", ")}
      </Text>
      <div role="cell">
        <Quota used={release.signaturesUsed} maximum={release.maxSignatures} />
      </div>
      <div role="cell">
        {requestedBy.name}
        <Text size="xs" c="dimmed" truncate>
          {team?.name}
        </Text>
      </div>
    </div>
  );
});
