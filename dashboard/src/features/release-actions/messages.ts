import type { Messages } from "@/i18n/locale";

const en = {
  comment: "Comment (optional)",
  reason: "Reason",
  reasonHint: "It is kept in the ledger and told to those concerned.",
  reasonMissing: "Say why: those concerned will read it.",
  cancel: "Cancel",
  whyNot: (actions: string) => `Why can I not ${actions} it?`,
  of: (action: string, release: string) => `${action}: ${release}`,
};

const de: typeof en = {
  comment: "Kommentar (freiwillig)",
  reason: "Grund",
  reasonHint: "Er steht im Protokoll und wird den Beteiligten mitgeteilt.",
  reasonMissing: "Sagen Sie, warum: Die Beteiligten werden es lesen.",
  cancel: "Abbrechen",
  whyNot: (actions) => `Warum kann ich es nicht ${actions}?`,
  of: (action, release) => `${action}: ${release}`,
};

export const messages: Messages<typeof en> = { en, de };
