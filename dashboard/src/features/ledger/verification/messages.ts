import type { Messages } from "@/i18n/locale";
import type { Fault } from "./checks";

type Written = (number: number) => string;

const en = {
  download: "Download",
  verify: "Verify in this browser",
  whatItDoes:
    "This browser reads the whole ledger, computes the hash of each entry, and checks that the entries follow each other without a gap up to the head.",
  keptHead: "An earlier head (optional)",
  keptHeadHint:
    "The number of entries and the hash, as an earlier verification showed them, or what “countersign ledger head” printed.",
  noHead: "This is no head. Paste the number of entries and the hash of 64 digits.",
  start: "Verify",
  insecure:
    "This browser computes hashes only on pages over HTTPS. Open the dashboard there, or verify the download.",
  progress: "Entries verified",
  verified: (count: string, all: string) => `${count} of ${all} entries verified`,
  noVerdict: "The ledger was not verified to its end",
  brokeOff: (count: string) =>
    `The connection broke off. Up to there ${count} entries hold. Verify again, which begins with the first entry.`,
  broken: (position: string) => `The ledger is broken at entry ${position}`,
  fault: (fault: Fault, number: Written): string => {
    switch (fault.kind) {
      case "missing":
        return `The entry is missing: the next one has position ${number(fault.next)}.`;
      case "unknownFormat":
        return `Its format ${fault.format} is not known to this version of the dashboard.`;
      case "shortened":
        return `It is missing, and all after it: the earlier head had ${number(fault.kept)} entries.`;
      case "noLine":
        return "The line of the download is not an entry: it was changed, or cut.";
      case "changed":
        return "Its text was changed: it does not have this hash.";
      case "noEntry":
        return "Its text is not an entry of a ledger.";
      case "unchained":
        return "It is not chained to the entry before.";
      case "misplaced":
        return "Its text belongs to another position, or to the ledger of another account.";
      case "noCredential":
        return "It does not say with which credential it was done.";
      case "rewritten":
        return "Its hash is not that of the earlier head: the ledger was rewritten here or before.";
      case "endMissing":
        return "Entries are missing at the end, or the head is missing or was changed.";
      case "behindHead":
        return "The download goes on behind the head.";
      case "otherAccount":
        return "The earlier head is of the ledger of another account.";
    }
  },
  whatToDo: (count: string) =>
    `The ${count} entries before it hold. Keep a download as evidence, and ask the operator to run “countersign ledger verify” and to compare with a backup.`,
  holds: (count: string) => `The ledger holds: ${count} entries`,
  whatWasVerified:
    "Each text has its hash, each entry is chained to the one before, no position is missing, and the last hash is that of the head.",
  compared: (count: string) =>
    `The hash of entry ${count} is that of the earlier head: nothing up to there was rewritten.`,
  notCompared:
    "The server sent the entries and the head. Somebody who rewrote both would not be noticed without an earlier head.",
  keepIt: "Keep this head where nobody who runs the server can change it, and compare with it the next time:",
};

const de: typeof en = {
  download: "Herunterladen",
  verify: "In diesem Browser prüfen",
  whatItDoes:
    "Dieser Browser liest das ganze Protokoll, berechnet den Hash jedes Eintrags und prüft, dass die Einträge lückenlos aufeinander folgen, bis zum Kopf.",
  keptHead: "Ein früherer Kopf (freiwillig)",
  keptHeadHint:
    "Die Zahl der Einträge und der Hash, wie eine frühere Prüfung sie gezeigt hat, oder was „countersign ledger head“ ausgegeben hat.",
  noHead: "Das ist kein Kopf. Fügen Sie die Zahl der Einträge und den Hash mit 64 Stellen ein.",
  start: "Prüfen",
  insecure:
    "Dieser Browser berechnet Hashes nur auf Seiten über HTTPS. Öffnen Sie das Dashboard dort, oder prüfen Sie die heruntergeladene Datei.",
  progress: "Geprüfte Einträge",
  verified: (count, all) => `${count} von ${all} Einträgen geprüft`,
  noVerdict: "Das Protokoll wurde nicht bis zum Ende geprüft",
  brokeOff: (count) =>
    `Die Verbindung brach ab. Bis dahin stimmen ${count} Einträge. Prüfen Sie noch einmal; das beginnt mit dem ersten Eintrag.`,
  broken: (position) => `Das Protokoll ist bei Eintrag ${position} beschädigt`,
  fault: (fault, number) => {
    switch (fault.kind) {
      case "missing":
        return `Der Eintrag fehlt: Der nächste hat die Position ${number(fault.next)}.`;
      case "unknownFormat":
        return `Sein Format ${fault.format} kennt diese Version des Dashboards nicht.`;
      case "shortened":
        return `Er fehlt, und alle danach: Der frühere Kopf hatte ${number(fault.kept)} Einträge.`;
      case "noLine":
        return "Die Zeile der Datei ist kein Eintrag: Sie wurde geändert oder abgeschnitten.";
      case "changed":
        return "Sein Text wurde geändert: Er hat nicht diesen Hash.";
      case "noEntry":
        return "Sein Text ist kein Eintrag eines Protokolls.";
      case "unchained":
        return "Er ist nicht mit dem vorigen Eintrag verkettet.";
      case "misplaced":
        return "Sein Text gehört an eine andere Position oder in das Protokoll eines anderen Kontos.";
      case "noCredential":
        return "Er sagt nicht, mit welchem Zugangsmittel es getan wurde.";
      case "rewritten":
        return "Sein Hash ist nicht der des früheren Kopfes: Hier oder davor wurde das Protokoll neu geschrieben.";
      case "endMissing":
        return "Am Ende fehlen Einträge, oder der Kopf fehlt oder wurde geändert.";
      case "behindHead":
        return "Die Datei geht hinter dem Kopf weiter.";
      case "otherAccount":
        return "Der frühere Kopf ist der des Protokolls eines anderen Kontos.";
    }
  },
  whatToDo: (count) =>
    `Die ${count} Einträge davor stimmen. Bewahren Sie die heruntergeladene Datei als Beleg auf, und bitten Sie den Betreiber, „countersign ledger verify“ auszuführen und mit einer Sicherung zu vergleichen.`,
  holds: (count) => `Das Protokoll stimmt: ${count} Einträge`,
  whatWasVerified:
    "Jeder Text hat seinen Hash, jeder Eintrag ist mit dem vorigen verkettet, keine Position fehlt, und der letzte Hash ist der des Kopfes.",
  compared: (count) =>
    `Der Hash von Eintrag ${count} ist der des früheren Kopfes: Bis dahin wurde nichts neu geschrieben.`,
  notCompared:
    "Der Server hat die Einträge und den Kopf geschickt. Hat jemand beides neu geschrieben, so fällt das ohne einen früheren Kopf nicht auf.",
  keepIt:
    "Bewahren Sie diesen Kopf dort auf, wo ihn niemand ändern kann, der den Server betreibt, und vergleichen Sie ihn beim nächsten Mal:",
};

export const messages: Messages<typeof en> = { en, de };
