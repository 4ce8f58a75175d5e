import { isKnownForm } from "./locale";

/** The languages that there are, as they are written in several regions. */
export const LOCALES: readonly string[] = ["en", "en-GB", "en-US", "de", "de-AT", "de-CH"];

/** Returns what a language calls itself; the tag where the browser does not know it. */
export function nameOfLocale(tag: string): string {
  const names =
    isKnownForm(tag) && new Intl.DisplayNames([tag], { type: "language", languageDisplay: "standard" });
  return (names && names.of(tag)) || tag;
}

/** Returns the zones that this browser knows, with UTC and the one that is chosen already. */
export function timeZones(chosen: string): string[] {
  return [...new Set([chosen, "UTC", ...Intl.supportedValuesOf("timeZone")])].sort();
}
