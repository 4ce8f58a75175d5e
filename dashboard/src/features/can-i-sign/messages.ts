import type { Messages } from "@/i18n/locale";

const en = {
  title: "Can I sign?",
  intro: "Every condition of a signature, as it would be evaluated, without signing anything.",
  keypair: "Keypair",
  chooseKeypair: "Choose a keypair",
  person: "Person",
  myself: "Myself",
  at: (zone: string) => `When, in ${zone} (now, if empty)`,
  first: "Choose a keypair to see what is missing, if anything.",
  yes: "Yes: a signature would be made.",
  no: "No: a signature would be refused.",
  counts: "It would count toward",
  passed: "holds",
  failed: "does not hold",
};

const de: typeof en = {
  title: "Darf ich signieren?",
  intro: "Jede Bedingung einer Signatur, wie sie geprüft würde, ohne dass etwas signiert wird.",
  keypair: "Schlüsselpaar",
  chooseKeypair: "Schlüsselpaar wählen",
  person: "Person",
  myself: "Ich selbst",
  at: (zone) => `Wann, in ${zone} (leer: jetzt)`,
  first: "Wählen Sie ein Schlüsselpaar, um zu sehen, ob etwas fehlt.",
  yes: "Ja: Eine Signatur würde entstehen.",
  no: "Nein: Eine Signatur würde abgelehnt.",
  counts: "Sie würde zählen zu",
  passed: "erfüllt",
  failed: "nicht erfüllt",
};

export const messages: Messages<typeof en> = { en, de };
