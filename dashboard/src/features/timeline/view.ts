import { offsetAt } from "@/i18n/zoned-time";

const HOUR_MILLISECONDS = 3_600_000;
/** A Monday, from which lines are counted. */
const MONDAY = Date.UTC(1970, 0, 5);

/** How much time is on the screen, how far apart its lines are, and to what a click is rounded. */
export const ZOOMS = {
  hours: { span: 12 * HOUR_MILLISECONDS, tick: HOUR_MILLISECONDS, step: HOUR_MILLISECONDS / 4 },
  day: { span: 48 * HOUR_MILLISECONDS, tick: 6 * HOUR_MILLISECONDS, step: HOUR_MILLISECONDS },
  week: { span: 14 * 24 * HOUR_MILLISECONDS, tick: 24 * HOUR_MILLISECONDS, step: 6 * HOUR_MILLISECONDS },
  month: {
    span: 56 * 24 * HOUR_MILLISECONDS,
    tick: 7 * 24 * HOUR_MILLISECONDS,
    step: 24 * HOUR_MILLISECONDS,
  },
} as const;
export type Zoom = keyof typeof ZOOMS;
export const ZOOM_NAMES = Object.keys(ZOOMS) as Zoom[];

export interface View {
  from: number;
  until: number;
}

/**
 * Returns the view around an instant, which lies a quarter from its left. It begins at one of its lines: full hours,
 * midnights or Mondays of the zone.
 */
export function viewAround(instant: number, zoom: Zoom, timeZone: string): View {
  const { span, tick } = ZOOMS[zoom];
  const start = instant - span / 4;
  const first = MONDAY - offsetAt(start, timeZone);
  const from = first + Math.floor((start - first) / tick) * tick;
  return { from, until: from + span };
}

/** Returns the instants at which a view has lines. */
export function ticksOf({ from, until }: View, zoom: Zoom): number[] {
  const { tick } = ZOOMS[zoom];
  return Array.from({ length: Math.ceil((until - from) / tick) }, (_, index) => from + index * tick);
}

/** Returns those lines of a view that are labelled: where they are close every other one, such as midnight and noon. */
export function labelledTicksOf(view: View, zoom: Zoom, timeZone: string): number[] {
  const apart = zoom === "day" || zoom === "week" ? 2 * ZOOMS[zoom].tick : ZOOMS[zoom].tick;
  const first = MONDAY - offsetAt(view.from, timeZone);
  return ticksOf(view, zoom).filter((tick) => (tick - first) % apart === 0);
}

export interface Place {
  /** Percent of the view's width. */
  left: number;
  width: number;
}

/** Returns where a span of time is in a view; null if it is outside. */
export function placeOf(start: number, end: number, { from, until }: View): Place | null {
  const [first, last] = [Math.max(start, from), Math.min(end, until)];
  if (last <= first) return null;
  const percent = (milliseconds: number) => (100 * milliseconds) / (until - from);
  return { left: percent(first - from), width: percent(last - first) };
}

interface Lived {
  startsAt: string;
  endsAt: string;
  endedAt: string | null;
}

/** Returns from when until when a release held its keypairs' window: an early end counts, not the planned one. */
export function spanOf({ startsAt, endsAt, endedAt }: Lived): [start: number, end: number] {
  const [start, planned] = [Date.parse(startsAt), Date.parse(endsAt)];
  const ended = endedAt === null ? planned : Date.parse(endedAt);
  // What ended before it began is shown where it was planned.
  return [start, ended > start ? Math.min(ended, planned) : planned];
}
