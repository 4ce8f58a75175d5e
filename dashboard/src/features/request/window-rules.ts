const DAY_MILLISECONDS = 86_400_000;

export type WindowFault = "notATime" | "backwards" | "past" | "tooLong";

/** Returns what is wrong with a window, as the server would say it; null if nothing is. */
export function windowFault(
  startsAt: number | null,
  endsAt: number | null,
  now: number,
  maximumDays: number,
): WindowFault | null {
  if (startsAt === null || endsAt === null) return "notATime";
  if (endsAt <= startsAt) return "backwards";
  if (endsAt <= now) return "past";
  return endsAt - startsAt > maximumDays * DAY_MILLISECONDS ? "tooLong" : null;
}
