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
  search: "Keypairs by name",
  request: (alias: string) => `Request a release with ${alias}`,
  held: (release: string, until: string) => `Held by ${release} until ${until}: nobody else can request it`,
  planned: (until: string) => `planned until ${until}`,
  hopeless: "too few people may approve it",
  legend: {
    hold: "held, also before its window",
    gap: "free: click to request it",
    rest: "ended before its planned end",
  },
  freezeSpan: (from: string, until: string | null) =>
    until ? `Signing frozen from ${from} to ${until}` : `Signing frozen since ${from}`,
  bar: (name: string, status: string, from: string, until: string) =>
    `${name}, ${status}, ${from} to ${until}`,
  empty: "There is no keypair yet. Once there are some, each has a lane of its own.",
  emptyFiltered: "No keypair has this in its name.",
  truncated: "Only a part of the releases is shown yet; the rest is being read.",
};

const de: typeof en = {
  title: "Zeitachse",
  zoom: "Wie viel Zeit gezeigt wird",
  zooms: { hours: "12 Std.", day: "2 Tage", week: "2 Wochen", month: "8 Wochen" },
  earlier: "Früher",
  later: "Später",
  now: "Jetzt",
  disabled: "abgeschaltet",
  search: "Schlüsselpaare nach Namen",
  request: (alias) => `Release mit ${alias} anfragen`,
  held: (release, until) => `Gehalten von ${release} bis ${until}: Niemand sonst kann es anfragen`,
  planned: (until) => `geplant bis ${until}`,
  hopeless: "zu wenige Personen dürfen es genehmigen",
  legend: {
    hold: "gehalten, auch vor dem Fenster",
    gap: "frei: zum Anfragen klicken",
    rest: "vor dem geplanten Ende beendet",
  },
  freezeSpan: (from, until) =>
    until ? `Signieren eingefroren von ${from} bis ${until}` : `Signieren eingefroren seit ${from}`,
  bar: (name, status, from, until) => `${name}, ${status}, ${from} bis ${until}`,
  empty: "Es gibt noch kein Schlüsselpaar. Sobald es welche gibt, hat jedes seine eigene Bahn.",
  emptyFiltered: "Kein Schlüsselpaar hat das in seinem Namen.",
  truncated: "Erst ein Teil der Releases wird gezeigt; der Rest wird gelesen.",
};

export const messages: Messages<typeof en> = { en, de };
