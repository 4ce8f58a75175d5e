import type { Messages } from "@/i18n/locale";

const en = {
  comment: "Comment (optional)",
  reason: "Reason",
  reasonHint: "It is kept in the ledger and told to those concerned.",
  reasonMissing: "Say why: those concerned will read it.",
  cancel: "Cancel",
  of: (action: string, release: string) => `${action}: ${release}`,
};

const de: typeof en = {
  comment: "Kommentar (freiwillig)",
  reason: "Grund",
  reasonHint: "Er steht im Journal und wird den Beteiligten mitgeteilt.",
  reasonMissing: "Sagen Sie, warum: Die Beteiligten werden es lesen.",
  cancel: "Abbrechen",
  of: (action, release) => `${action}: ${release}`,
};

export const messages: Messages<typeof en> = { en, de };
