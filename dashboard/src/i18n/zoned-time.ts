const WALL_CLOCK = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})$/;

function partsIn(timeZone: string, instant: number): number {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const parts = Object.fromEntries(
    format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Returns by how many milliseconds a zone is ahead of UTC at an instant. */
export function offsetAt(instant: number, timeZone: string): number {
  const second = Math.floor(instant / 1_000) * 1_000;
  return partsIn(timeZone, second) - second;
}

/** Returns what a clock in a zone shows at an instant, as `<input type="datetime-local">` spells it. */
export function toWallClock(instant: number, timeZone: string): string {
  return new Date(partsIn(timeZone, instant)).toISOString().slice(0, 16);
}

/**
 * Returns the instant at which a clock in a zone shows this, or null if it is no time at all. Of a time that a zone
 * has twice it is the first; one that it skips is moved forward by as much as the clock was.
 */
export function toInstant(wallClock: string, timeZone: string): number | null {
  const match = WALL_CLOCK.exec(wallClock);
  if (!match) return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = match.slice(1).map(Number);
  const shown = Date.UTC(year, month - 1, day, hour, minute);
  const offset = (instant: number) => partsIn(timeZone, instant) - instant;
  // The zone's offset is that of a day before, unless it changes in between: then that of the day after.
  const [before, after] = [offset(shown - 86_400_000), offset(shown + 86_400_000)];
  const candidates = [shown - before, shown - after].sort((one, other) => one - other);
  return candidates.find((instant) => partsIn(timeZone, instant) === shown) ?? shown - before;
}
