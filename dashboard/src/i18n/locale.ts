import { createContext, useContext } from "react";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Locale {
  language: Language;
  /** A language tag for dates and numbers, like `de-AT`. */
  tag: string;
  /** The IANA name of the zone in which times are shown. */
  timeZone: string;
}

export function languageOf(tag: string): Language {
  return LANGUAGES.find((language) => tag.toLowerCase().startsWith(language)) ?? "en";
}

/** Whether a browser takes a language tag: the server accepts more forms, such as `zh-yue`, for which it would throw. */
export function isKnownForm(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

/**
 * Returns the tag by which dates and numbers are written, which every browser takes. A language without a region, such as `en`, leaves open how:
 * then the browser says it, where it is set to that language of some region.
 */
export function regionalTag(tag: string, browserTags: readonly string[]): string {
  if (!isKnownForm(tag)) return languageOf(tag);
  if (tag.includes("-")) return tag;
  return browserTags.find((each) => each.toLowerCase().startsWith(`${tag.toLowerCase()}-`)) ?? tag;
}

/** The locale of the browser, which counts until the person is known. */
export const BROWSER_LOCALE: Locale = {
  language: languageOf(navigator.language),
  tag: navigator.language,
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
};

const LocaleContext = createContext<Locale>(BROWSER_LOCALE);
export const LocaleProvider = LocaleContext.Provider;
export const useLocale = () => useContext(LocaleContext);

/** The texts of a feature: the German ones have the same keys, which the type checker holds them to. */
export type Messages<Texts> = { en: Texts; de: Texts };

/** Returns a feature's texts in the person's language. */
export function useMessages<Texts>(messages: Messages<Texts>): Texts {
  return messages[useLocale().language];
}
