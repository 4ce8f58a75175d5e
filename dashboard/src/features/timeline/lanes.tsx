import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, type RefCallback } from "react";
import type { ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import type { Pages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useLocale, useMessages } from "@/i18n/locale";
import { toWallClock } from "@/i18n/zoned-time";
import { Lane, LANE_PIXELS, NowLine, SpanMark, type Keypair } from "./lane";
import type { Span } from "./lane-rules";
import { messages } from "./messages";
import classes from "./timeline.module.css";
import { labelledTicksOf, placeOf, type View, type Zoom } from "./view";

/** How far the present is from the names where it is scrolled to. */
const PRESENT_PIXELS = 48;
/** So many lanes before the end of what is loaded, the next page is read. */
const READ_AHEAD_LANES = 30;

interface Props {
  keypairs: Pages<Keypair>;
  releases: ReleaseSummaryFragment[];
  freezes: readonly Span[];
  view: View;
  zoom: Zoom;
}

/** The lanes of all keypairs, below each other; only those on the screen exist. */
export function Lanes({ keypairs, releases, freezes, view, zoom }: Props) {
  const t = useMessages(messages);
  const frame = useRef<HTMLDivElement>(null);
  const { ref: track, width } = useElementSize<HTMLDivElement>();
  const trackPixels = Math.round(width);
  const byKeypair = useMemo(() => groupedByKeypair(releases), [releases]);
  const { rows: lanes, hasMore, loadMore } = keypairs;

  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler of React is not used
  const virtualizer = useVirtualizer({
    count: lanes.length,
    getScrollElement: () => frame.current,
    estimateSize: () => LANE_PIXELS,
    overscan: 6,
    getItemKey: (index) => lanes[index]?.id ?? index,
  });
  // On a phone only a part of the view is on the screen: at first the one around the present.
  useEffect(() => {
    const now = frame.current?.querySelector<HTMLElement>(`.${classes.now}`);
    if (frame.current && now) frame.current.scrollLeft = now.offsetLeft - PRESENT_PIXELS;
  }, [view.from, view.until]);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= lanes.length - READ_AHEAD_LANES) loadMore();
  }, [hasMore, last, lanes.length, loadMore]);
  return (
    // It scrolls both ways, which has to be possible with the keyboard, too.
    <div ref={frame} className={classes.frame} tabIndex={0} role="group" aria-label={t.title}>
      <div className={classes.grid}>
        <Axis track={track} {...{ view, zoom, freezes }} />
        <div className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, key, start }) => {
            const keypair = lanes[index];
            const ofLane = keypair && (byKeypair.get(keypair.id) ?? NO_RELEASES);
            return (
              ofLane && (
                <Lane
                  key={key}
                  releases={ofLane}
                  topPixels={start}
                  {...{ keypair, freezes, view, zoom, trackPixels }}
                />
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

const NO_RELEASES: ReleaseSummaryFragment[] = [];

function groupedByKeypair(releases: readonly ReleaseSummaryFragment[]) {
  const lanes = new Map<string, ReleaseSummaryFragment[]>();
  for (const release of releases) {
    for (const { id } of release.keypairs) {
      const lane = lanes.get(id);
      if (lane) lane.push(release);
      else lanes.set(id, [release]);
    }
  }
  return lanes;
}

interface AxisProps extends Pick<Props, "view" | "zoom" | "freezes"> {
  /** Measures how wide the view is on the screen. */
  track: RefCallback<HTMLDivElement>;
}

function Axis({ track, view, zoom, freezes }: AxisProps) {
  const { day, time } = useFormats();
  const { timeZone } = useLocale();
  const labelled = labelledTicksOf(view, zoom, timeZone);
  const texts = {
    hours: time,
    day: (tick: number) => (toWallClock(tick, timeZone).endsWith("T00:00") ? day(tick) : time(tick)),
    week: day,
    month: day,
  } satisfies Record<Zoom, (tick: number) => string>;
  return (
    <div className={`${classes.lane} ${classes.axis}`} aria-hidden>
      <div className={classes.name} />
      <div ref={track} className={classes.track}>
        {labelled.map((tick) => (
          <div
            key={tick}
            className={classes.tick}
            style={{ left: `${placeOf(tick, view.until, view)?.left}%` }}
          >
            {texts[zoom](tick)}
          </div>
        ))}
        {freezes.map((span) => (
          <SpanMark key={span[0]} span={span} view={view} className={classes.freeze} />
        ))}
        <NowLine view={view} />
      </div>
    </div>
  );
}
