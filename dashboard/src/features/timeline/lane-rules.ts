import { toInstant, toWallClock } from "@/i18n/zoned-time";
import { placeOf, ZOOMS, type Place, type View, type Zoom } from "./view";

/** A span of time, in milliseconds. */
export type Span = readonly [start: number, end: number];

interface Keypair {
  enabled: boolean;
  heldBy: { createdAt: string; endsAt: string } | null;
}

/** Returns how long nobody else can request the keypair: from the request of the release that holds it to its end. */
export function holdOf({ heldBy }: Keypair): Span | null {
  return heldBy && [Date.parse(heldBy.createdAt), Date.parse(heldBy.endsAt)];
}

/** Returns the time of a view for which the keypair can be requested: none of it while it is disabled or held. */
export function gapOf({ enabled, heldBy }: Keypair, { from, until }: View, now: number): Span | null {
  if (!enabled || heldBy || until <= now) return null;
  return [Math.max(from, now), until];
}

/** Returns where a window starts that begins in a gap where somebody clicked; nothing at the gap's own begin. */
export function startIn([start, end]: Span, share: number, zoom: Zoom, timeZone: string): string | undefined {
  const { step } = ZOOMS[zoom];
  const wallClock = Date.parse(`${toWallClock(start + share * (end - start), timeZone)}Z`);
  const rounded = new Date(Math.floor(wallClock / step) * step).toISOString().slice(0, 16);
  const instant = toInstant(rounded, timeZone);
  return instant === null || instant <= start ? undefined : new Date(instant).toISOString();
}

/**
 * Returns where the bars of a lane are, by their spans; null for what is outside of the view. Each is at least `wanted`
 * percent wide, or less where so many would not fit, and takes that from the time around it, never from a bar before or
 * behind it. Only what overlaps in time overlaps on the screen, such as a window that was never opened with the one that
 * took its place.
 */
export function barPlaces(spans: readonly Span[], view: View, wanted: number): (Place | null)[] {
  const bars = spans.map((span) => ({ span, place: placeOf(...span, view) }));
  const inView = bars.flatMap(({ span, place }) => (place ? [{ span, place }] : []));
  const minimum = Math.min(wanted, 100 / inView.length);
  const inOrder = inView.sort((one, other) => one.span[0] - other.span[0]);
  inOrder.forEach(({ span, place }, index) => {
    const before = inOrder.slice(0, index).filter((other) => other.span[1] <= span[0]);
    const end = place.left + place.width;
    place.left = Math.max(place.left, ...before.map((other) => other.place.left + other.place.width));
    place.width = Math.max(end - place.left, minimum);
  });
  // What does not fit before the right edge moves back.
  inOrder.reverse().forEach(({ span, place }, index) => {
    const behind = inOrder.slice(0, index).filter((other) => span[1] <= other.span[0]);
    const end = Math.min(place.left + place.width, 100, ...behind.map((other) => other.place.left));
    place.left = Math.min(place.left, end - minimum);
    place.width = end - place.left;
  });
  return bars.map(({ place }) => place);
}

export interface FreezeChange {
  /** When signing was frozen, or the freeze was lifted, in milliseconds. */
  at: number;
  frozen: boolean;
}

/**
 * Returns when signing was frozen in a view, and from then on if it is. `changes` are those since the view begins, the
 * oldest first; null where the person may not read the ledger and knows only how it is since the page was opened.
 */
export function freezesIn(
  changes: readonly FreezeChange[] | null,
  isFrozen: boolean,
  { from, until }: View,
  opened: number,
): Span[] {
  if (!changes) return isFrozen ? [[opened, until]] : [];
  const [first] = changes;
  const spans: Span[] = [];
  let start = (first ? !first.frozen : isFrozen) ? from : null;
  for (const { at, frozen } of changes) {
    if (frozen) start ??= at;
    else if (start !== null) {
      spans.push([start, at]);
      start = null;
    }
  }
  return start === null ? spans : [...spans, [start, until]];
}
