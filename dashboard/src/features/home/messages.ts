import type { Messages } from "@/i18n/locale";

const en = {
  title: "Home",
  inbox: "Waits for you",
  inboxEmpty: "Nothing waits for your decision.",
  open: "Open now",
  openEmpty: "No window is open at the moment.",
  next: "The next seven days",
  nextEmpty: "Nothing is planned for the next seven days.",
  nothingElse: "Nothing else is planned for the next seven days.",
  troubles: "Needs attention",
  quorum: (name: string) => `${name} cannot get its approvals: too few people may approve it.`,
  undelivered: (name: string, count: string) =>
    count === "1"
      ? `A message about ${name} did not arrive.`
      : `${count} messages about ${name} did not arrive.`,
  certificate: (alias: string, instant: string) => `The certificate of ${alias} expires ${instant}.`,
  certificateExpired: (alias: string, instant: string) => `The certificate of ${alias} expired ${instant}.`,
  webhook: (name: string, reason: string) => `The webhook ${name} is off. ${reason}`,
  channel: (channel: string, failed: string, failing: string) =>
    `Messages by ${channel} since yesterday: ${failed} were given up, ${failing} were delayed.`,
  toRelease: "To the release",
  toMessages: "To its messages",
  toKeypair: "To the keypair",
  toWebhook: "To the webhook",
  toLedger: "To the ledger",
  all: "Show all",
  request: "Request a release",
  by: (person: string) => `requested by ${person}`,
  approvals: (received: number, required: number) => `${received} of ${required} approvals`,
};

const de: typeof en = {
  title: "Start",
  inbox: "Wartet auf Sie",
  inboxEmpty: "Nichts wartet auf Ihre Entscheidung.",
  open: "Jetzt offen",
  openEmpty: "Zurzeit ist kein Fenster offen.",
  next: "Die nächsten sieben Tage",
  nextEmpty: "Für die nächsten sieben Tage ist nichts geplant.",
  nothingElse: "Für die nächsten sieben Tage ist sonst nichts geplant.",
  troubles: "Braucht Aufmerksamkeit",
  quorum: (name) => `${name} kann nicht genehmigt werden: Zu wenige Personen dürfen es.`,
  undelivered: (name, count) =>
    count === "1"
      ? `Eine Nachricht zu ${name} kam nicht an.`
      : `${count} Nachrichten zu ${name} kamen nicht an.`,
  certificate: (alias, instant) => `Das Zertifikat von ${alias} läuft ab: ${instant}.`,
  certificateExpired: (alias, instant) => `Das Zertifikat von ${alias} ist abgelaufen: ${instant}.`,
  webhook: (name, reason) => `Der Webhook ${name} ist aus. ${reason}`,
  channel: (channel, failed, failing) =>
    `Nachrichten per ${channel} seit gestern: ${failed} aufgegeben, ${failing} verzögert.`,
  toRelease: "Zum Release",
  toMessages: "Zu seinen Nachrichten",
  toKeypair: "Zum Schlüsselpaar",
  toWebhook: "Zum Webhook",
  toLedger: "Zum Protokoll",
  all: "Alle anzeigen",
  request: "Release anfragen",
  by: (person) => `angefragt von ${person}`,
  approvals: (received, required) => `${received} von ${required} Genehmigungen`,
};

export const messages: Messages<typeof en> = { en, de };
