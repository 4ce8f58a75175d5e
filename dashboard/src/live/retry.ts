const FIRST_MILLISECONDS = 500;
const LAST_MILLISECONDS = 15_000;

/** Returns how long to wait before an attempt to connect again: longer each time, and spread over clients. */
export function retryDelayMilliseconds(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LAST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** attempt);
  return full / 2 + (random() * full) / 2;
}
