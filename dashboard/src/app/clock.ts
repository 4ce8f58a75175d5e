import { useSyncExternalStore } from "react";

const TICK_MILLISECONDS = 1_000;

let ahead = 0;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  now = serverNow();
  for (const listener of listeners) listener();
}

/** Sets what time it is at the server, by which windows open and close. */
export function setServerTime(instant: string): void {
  ahead = Date.parse(instant) - Date.now();
  tick();
}

function follow(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MILLISECONDS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Returns the server's time in milliseconds, once. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** Returns the server's time in milliseconds, anew each second. */
export function useNow(): number {
  return useSyncExternalStore(follow, () => now);
}
