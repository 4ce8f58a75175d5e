import type { Messages } from "@/i18n/locale";
import type { Zoom } from "./view";

const en = {
  title: "Timeline",
  zoom: "How much time is shown",
  zooms: { hours: "12 hours", day: "2 days", week: "2 weeks", month: "8 weeks" } satisfies Record<
    Zoom,
    string
  >,
  earlier: "Earlier",
  later: "Later",
  now: "Now",
  disabled: "disabled",
  request: (alias: string) => `Request a release with ${alias}`,
  bar: (name: string, status: string, from: string, until: string) =>
    `${name}, ${status}, ${from} to ${until}`,
  empty: "There is no keypair yet. Once there are some, each has a lane of its own.",
  truncated: "Only a part of the releases is shown yet; the rest is being read.",
};

const de: typeof en = {
  title: "Zeitachse",
  zoom: "Wie viel Zeit gezeigt wird",
  zooms: { hours: "12 Stunden", day: "2 Tage", week: "2 Wochen", month: "8 Wochen" },
  earlier: "Früher",
  later: "Später",
  now: "Jetzt",
  disabled: "abgeschaltet",
  request: (alias) => `Release mit ${alias} anfragen`,
  bar: (name, status, from, until) => `${name}, ${status}, ${from} bis ${until}`,
  empty: "Es gibt noch kein Schlüsselpaar. Sobald es welche gibt, hat jedes seine eigene Bahn.",
  truncated: "Erst ein Teil der Releases wird gezeigt; der Rest wird gelesen.",
};

export const messages: Messages<typeof en> = { en, de };
