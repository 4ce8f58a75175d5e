import { useMemo } from "react";
import { formatDuration } from "./duration";
import { isKnownForm, useLocale, type Locale } from "./locale";

/** Returns how instants, spans of time, languages and numbers are written in a locale. */
export function formatsOf({ language, tag, timeZone }: Locale) {
  const written = (options: Intl.DateTimeFormatOptions, zone = timeZone) => {
    const format = new Intl.DateTimeFormat(tag, { timeZone: zone, ...options });
    return (instant: string | number | Date) => format.format(new Date(instant));
  };
  const lists = new Intl.ListFormat(tag, { type: "disjunction" });
  const languages = new Intl.DisplayNames(tag, { type: "language" });
  return {
    instant: written({ dateStyle: "medium", timeStyle: "short" }),
    exact: written({ dateStyle: "medium", timeStyle: "long" }),
    utc: written({ dateStyle: "medium", timeStyle: "long" }, "UTC"),
    time: written({ timeStyle: "short" }),
    date: written({ dateStyle: "medium" }),
    day: written({ weekday: "short", day: "numeric", month: "short" }),
    language: (locale: string) => (isKnownForm(locale) && languages.of(locale)) || locale,
    anyOf: (texts: readonly string[]) => lists.format(texts),
    number: (value: number) => value.toLocaleString(tag),
    duration: (milliseconds: number) => formatDuration(milliseconds, language),
  };
}

/** Returns how instants, spans of time and numbers are written for this person. */
export function useFormats() {
  const { language, tag, timeZone } = useLocale();
  return useMemo(() => formatsOf({ language, tag, timeZone }), [language, tag, timeZone]);
}
