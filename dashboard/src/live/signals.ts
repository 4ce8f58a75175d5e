import { useEffect, useEffectEvent } from "react";

/** What is announced when anything at all may have changed. */
export const EVERYTHING = "*";

const REFRESH_MILLISECONDS = 400;

const listeners = new Set<(tag: string) => void>();

/** Announces that something happened: the tag of an event, such as `release:approved`. */
export function announce(tag: string): void {
  for (const listener of listeners) listener(tag);
}

/** Calls back when an event begins with one of the prefixes, at most once in a while and after the last one. */
export function useAnnounced(prefixes: readonly string[], callback: () => void): void {
  const onAnnounced = useEffectEvent(callback);
  const key = prefixes.join(" ");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener = (tag: string) => {
      if (tag !== EVERYTHING && !key.split(" ").some((prefix) => tag.startsWith(prefix))) return;
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
