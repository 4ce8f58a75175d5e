import type { Messages } from "@/i18n/locale";

const en = {
  resend: "Send again",
  resent: "It is sent again.",
  tried: (times: string, next: string) => `tried ${times} times, again ${next}`,
};

const de: typeof en = {
  resend: "Noch einmal senden",
  resent: "Es wird noch einmal gesendet.",
  tried: (times, next) => `${times}-mal versucht, wieder ${next}`,
};

export const messages: Messages<typeof en> = { en, de };
