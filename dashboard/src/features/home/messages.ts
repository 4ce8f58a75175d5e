import type { Messages } from "@/i18n/locale";

const en = {
  title: "Home",
  inbox: "Waits for you",
  inboxEmpty: "Nothing waits for your decision.",
  open: "Open now",
  openEmpty: "No window is open at the moment.",
  next: "The next seven days",
  nextEmpty: "Nothing is planned for the next seven days.",
  troubles: "Needs attention",
  quorum: (name: string) => `${name} cannot get its approvals: too few people may approve it.`,
  webhook: (name: string, reason: string) => `The webhook ${name} is off. ${reason}`,
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
  troubles: "Braucht Aufmerksamkeit",
  quorum: (name) => `${name} kann nicht genehmigt werden: Zu wenige Personen dürfen es.`,
  webhook: (name, reason) => `Der Webhook ${name} ist aus. ${reason}`,
  request: "Release anfragen",
  by: (person) => `angefragt von ${person}`,
  approvals: (received, required) => `${received} von ${required} Genehmigungen`,
};

export const messages: Messages<typeof en> = { en, de };
