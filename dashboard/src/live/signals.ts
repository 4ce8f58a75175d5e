import { useEffect, useEffectEvent } from "react";

/** What is announced when anything at all may have changed. */
export const EVERYTHING = "*";

const REFRESH_MILLISECONDS = 400;

const listeners = new Set<(tag: string) => void>();

/** Announces that something happened: the tag of an event, such as `release:approved`. */
export function announce(tag: string): void {
  for (const listener of listeners) listener(tag);
}

/** Returns whether an event concerns who follows these prefixes: the empty prefix is that of every event. */
export function concerns(tag: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => tag === EVERYTHING || tag.startsWith(prefix));
}

/** Calls back when an event begins with one of the prefixes, at most once in a while and after the last one. */
export function useAnnounced(prefixes: readonly string[], callback: () => void): void {
  const onAnnounced = useEffectEvent(callback);
  const key = JSON.stringify(prefixes);
  useEffect(() => {
    const followed = JSON.parse(key) as string[];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener = (tag: string) => {
      if (!concerns(tag, followed)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        onAnnounced();
      }, REFRESH_MILLISECONDS);
    };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      clearTimeout(timer);
    };
  }, [key]);
}
