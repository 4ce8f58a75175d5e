import type { Messages } from "@/i18n/locale";
import type { ORDERS } from "./search";

const en = {
  title: "Releases",
  request: "Request a release",
  search: "Search by name, version, note, team, keypair or person",
  status: "Status",
  type: "Type",
  mine: "Requested by me",
  awaitingMe: "Waits for me",
  order: "Sorted by",
  orders: { STARTS_AT: "Start", ENDS_AT: "End", CREATED_AT: "Request", NAME: "Name" } satisfies Record<
    (typeof ORDERS)[number],
    string
  >,
  ascending: "Ascending: change to descending",
  descending: "Descending: change to ascending",
  columns: {
    name: "Release",
    window: "Window",
    keypairs: "Keypairs",
    used: "Signatures",
    by: "Requested by",
  },
  empty: "There is no release yet. Request the first one.",
  emptyFiltered: "No release fits these filters.",
};

const de: typeof en = {
  title: "Releases",
  request: "Release anfragen",
  search: "Suche nach Name, Version, Notiz, Team, Schlüsselpaar oder Person",
  status: "Status",
  type: "Art",
  mine: "Von mir angefragt",
  awaitingMe: "Wartet auf mich",
  order: "Sortiert nach",
  orders: { STARTS_AT: "Beginn", ENDS_AT: "Ende", CREATED_AT: "Anfrage", NAME: "Name" },
  ascending: "Aufsteigend: auf absteigend ändern",
  descending: "Absteigend: auf aufsteigend ändern",
  columns: {
    name: "Release",
    window: "Fenster",
    keypairs: "Schlüsselpaare",
    used: "Signaturen",
    by: "Angefragt von",
  },
  empty: "Es gibt noch kein Release. Fragen Sie das erste an.",
  emptyFiltered: "Kein Release passt zu diesen Filtern.",
};

export const messages: Messages<typeof en> = { en, de };
