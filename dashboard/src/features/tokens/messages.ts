import type { Messages } from "@/i18n/locale";

const en = {
  title: "Tokens",
  hint: "A token lets a program act for its user, and no further than its scopes allow.",
  none: "There is no token yet. A pipeline can also exchange its own identity for one, without a stored secret.",
  new: "New token",
  create: "Create token",
  name: "Name",
  nameHint: "What it is used for",
  owner: "User",
  yourself: (name: string) => `${name} (you)`,
  scopes: "Scopes",
  scopesHint: "Give it only what the program needs.",
  noScope: "Choose at least one.",
  ends: "Ends",
  lifetimes: { 1: "in a day", 30: "in 30 days", 90: "in 90 days", 365: "in a year", 0: "never" },
  secret: "The secret of the token",
  secretHint:
    "It is shown only now. Keep it where the program reads it, and never in a repository or on a command line.",
  endsAt: "Ends",
  endsNever: "Never ends",
  nothing: "It can do nothing.",
  withoutEffect: (scopes: string) => `Without effect, as its user holds no role that allows it: ${scopes}`,
  lastUsed: "Last used",
  neverUsed: "Never used",
  revoked: "Revoked",
  expired: "Expired",
  ofPipeline: "Of a pipeline",
  REVOKE:
    "The token, and every token that was created with it, ends at once. Programs that use it are refused.",
};

const de: typeof en = {
  title: "Token",
  hint: "Mit einem Token handelt ein Programm für seine Person, und nur so weit, wie die Rechte des Tokens reichen.",
  none: "Es gibt noch kein Token. Eine Pipeline kann auch ihre eigene Identität gegen eines tauschen, ganz ohne gespeichertes Geheimnis.",
  new: "Neues Token",
  create: "Token erzeugen",
  name: "Name",
  nameHint: "Wofür es gebraucht wird",
  owner: "Person",
  yourself: (name) => `${name} (Sie)`,
  scopes: "Rechte",
  scopesHint: "Geben Sie ihm nur, was das Programm braucht.",
  noScope: "Wählen Sie mindestens eines.",
  ends: "Endet",
  lifetimes: { 1: "in einem Tag", 30: "in 30 Tagen", 90: "in 90 Tagen", 365: "in einem Jahr", 0: "nie" },
  secret: "Das Geheimnis des Tokens",
  secretHint:
    "Es wird nur jetzt gezeigt. Bewahren Sie es dort auf, wo das Programm es liest, und nie in einem Repository oder auf einer Befehlszeile.",
  endsAt: "Endet",
  endsNever: "Endet nie",
  nothing: "Es kann nichts tun.",
  withoutEffect: (scopes) => `Ohne Wirkung, weil keine Rolle der Person es erlaubt: ${scopes}`,
  lastUsed: "Zuletzt benutzt",
  neverUsed: "Nie benutzt",
  revoked: "Widerrufen",
  expired: "Abgelaufen",
  ofPipeline: "Von einer Pipeline",
  REVOKE:
    "Das Token und jedes, das mit ihm erstellt wurde, endet sofort. Programme, die es benutzen, werden abgelehnt.",
};

export const messages: Messages<typeof en> = { en, de };
