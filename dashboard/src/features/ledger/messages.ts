import type { Channel } from "@/graphql/schema.generated";
import type { Messages } from "@/i18n/locale";

const en = {
  title: "Ledger",
  intro:
    "Everything that happened, the newest first. Each entry carries the hash of the one before, so that a later change shows. Verify them here, or download them and verify them with a program of your own.",
  event: "Event",
  everyEvent: "Every event",
  person: "Caused by",
  everyPerson: "Anyone",
  since: (zone: string) => `From (${zone})`,
  until: (zone: string) => `Before (${zone})`,
  onlyRelease: (name: string) => `Only about the release ${name}`,
  unnamed: "that is not visible",
  empty: "No entry fits these filters.",
  position: (number: string) => `Entry ${number}`,
  through: {
    API: "through the API",
    EMAIL: "by mail",
    DASHBOARD: "in the dashboard",
    COMMAND_LINE: "on the command line",
    CLOCK: "as time passed",
  } satisfies Record<Channel, string>,
  refused: (command: string, code: string) => `${command}: ${code}`,
  verdicts: {
    APPROVE: (received: number, required: number) => `Approved: ${received} of ${required} approvals`,
    REJECT: () => "Rejected",
  },
  signed: (file: string | null, keypair: string | null) =>
    [file, keypair && `with ${keypair}`].filter(Boolean).join(", "),
  change: (field: string, before: string, after: string) => `${field}: ${before} → ${after}`,
  nothing: "nothing",
  ofRelease: "All entries of this release",
  details: "Details",
  recorded: "Recorded",
  changes: "Changes",
  hash: "Hash",
  previousHash: "Hash of the entry before",
  data: "Data",
};

const de: typeof en = {
  title: "Protokoll",
  intro:
    "Alles, was geschehen ist, das Neueste zuerst. Jeder Eintrag trägt den Hash des vorigen, damit eine spätere Änderung auffällt. Prüfen Sie sie hier, oder laden Sie sie herunter und prüfen Sie sie mit einem eigenen Programm.",
  event: "Ereignis",
  everyEvent: "Jedes Ereignis",
  person: "Ausgelöst von",
  everyPerson: "Allen",
  since: (zone) => `Ab (${zone})`,
  until: (zone) => `Vor (${zone})`,
  onlyRelease: (name) => `Nur zum Release ${name}`,
  unnamed: "das nicht sichtbar ist",
  empty: "Kein Eintrag passt zu diesen Filtern.",
  position: (number) => `Eintrag ${number}`,
  through: {
    API: "über die API",
    EMAIL: "per E-Mail",
    DASHBOARD: "im Dashboard",
    COMMAND_LINE: "auf der Kommandozeile",
    CLOCK: "durch Zeitablauf",
  },
  refused: (command, code) => `${command}: ${code}`,
  verdicts: {
    APPROVE: (received, required) => `Genehmigt: ${received} von ${required} Genehmigungen`,
    REJECT: () => "Abgelehnt",
  },
  signed: (file, keypair) => [file, keypair && `mit ${keypair}`].filter(Boolean).join(", "),
  change: (field, before, after) => `${field}: ${before} → ${after}`,
  nothing: "nichts",
  ofRelease: "Alle Einträge zu diesem Release",
  details: "Einzelheiten",
  recorded: "Aufgezeichnet",
  changes: "Änderungen",
  hash: "Hash",
  previousHash: "Hash des vorigen Eintrags",
  data: "Daten",
};

export const messages: Messages<typeof en> = { en, de };
