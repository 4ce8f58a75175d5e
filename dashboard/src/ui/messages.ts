import type { Messages } from "@/i18n/locale";

const en = {
  signaturesUsed: (used: string, maximum: string) => `${used} of ${maximum} signatures`,
  opensIn: (duration: string) => `opens in ${duration}`,
  closesIn: (duration: string) => `closes in ${duration}`,
  ended: (instant: string) => `ended ${instant}`,
  overdue: "due now",
  expiresIn: (duration: string) => `has to be approved within ${duration}`,
  failed: "This could not be read",
  retry: "Try again",
  cancel: "Cancel",
  of: (action: string, what: string) => `${action}: ${what}`,
  reason: "Reason",
  copy: "Copy",
  copied: "Copied",
  done: "Done",
  outdated: "The list has changed meanwhile.",
  showChanges: "Show the changes",
  more: "Show more",
  clear: "Clear the filters",
  nothingFits: "Nothing fits.",
  remove: (field: string) => `Empty the field ${field}`,
};

const de: typeof en = {
  signaturesUsed: (used, maximum) => `${used} von ${maximum} Signaturen`,
  opensIn: (duration) => `öffnet in ${duration}`,
  closesIn: (duration) => `schließt in ${duration}`,
  ended: (instant) => `beendet ${instant}`,
  overdue: "jetzt fällig",
  expiresIn: (duration) => `muss innerhalb von ${duration} genehmigt werden`,
  failed: "Das konnte nicht gelesen werden",
  retry: "Noch einmal versuchen",
  cancel: "Abbrechen",
  of: (action, what) => `${action}: ${what}`,
  reason: "Grund",
  copy: "Kopieren",
  copied: "Kopiert",
  done: "Fertig",
  outdated: "Die Liste hat sich inzwischen geändert.",
  showChanges: "Änderungen zeigen",
  more: "Mehr zeigen",
  clear: "Filter löschen",
  nothingFits: "Nichts passt.",
  remove: (field) => `Feld ${field} leeren`,
};

export const messages: Messages<typeof en> = { en, de };
