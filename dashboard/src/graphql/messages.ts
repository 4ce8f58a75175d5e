import type { Messages } from "@/i18n/locale";

const en = {
  unanswered:
    "The service did not answer. Look whether it was done nevertheless, and try again if it was not.",
};

const de: typeof en = {
  unanswered:
    "Der Dienst hat nicht geantwortet. Sehen Sie nach, ob es trotzdem geschehen ist, und versuchen Sie es sonst noch einmal.",
};

export const messages: Messages<typeof en> = { en, de };
