import type { Messages } from "@/i18n/locale";
import type { KeySource } from "./signers";

const en = {
  source: "Where the key comes from",
  sources: {
    GENERATE: "Make a new key",
    IMPORT: "Import a key",
    ADOPT: "Use a key of the signer",
  } satisfies Record<KeySource, string>,
  submit: {
    GENERATE: "Create keypair",
    IMPORT: "Import key",
    ADOPT: "Adopt key",
  } satisfies Record<KeySource, string>,
  aliasHint: "By it people and programs name the keypair.",
  typeHint: "An offline keypair signs only in a release that was approved.",
  backendHint: "The name of the signer, as the operator configured it",
  algorithmHint: "It has to be the one that the key is of.",
  usersHint: "They are found by name or e-mail address.",
  openpgpUserIdHint: "A name and an address, like Example Releases <releases@example.com>",
  importHint:
    "The key is sent encrypted to this server, signs once to show that it works, and stays in the signer: nothing gives it out again. Neither the file nor the passphrase is kept. Then destroy all other copies of the key, or somebody can sign without a release.",
  insecure:
    "This page was opened over plain http, so others could read a private key on its way. Open it by https, or run `countersign keys import` on the server's machine.",
  file: "File with the private key",
  fileHint: "PEM (PKCS#8) or PKCS#12, encrypted or not, of at most 64 KiB",
  chooseFile: "Choose a file",
  pasted: "Or the private key as text",
  pastedHint: "PEM, from its first line to its last",
  passphrase: "Passphrase of the file",
  passphraseHint: "Left empty if the file is not encrypted",
  showPassphrase: "Show or hide the passphrase",
  key: "Key in the signer",
  keyHint:
    "For an HSM its label, or a PKCS#11 URI with object, id or both; for AWS KMS its id, ARN or alias. The key stays where it is.",
};

const de: typeof en = {
  source: "Woher der Schlüssel kommt",
  sources: {
    GENERATE: "Neuen Schlüssel erzeugen",
    IMPORT: "Schlüssel importieren",
    ADOPT: "Schlüssel des Signierers nutzen",
  },
  submit: {
    GENERATE: "Schlüsselpaar erzeugen",
    IMPORT: "Schlüssel importieren",
    ADOPT: "Schlüssel übernehmen",
  },
  aliasHint: "So nennen Personen und Programme das Schlüsselpaar.",
  typeHint: "Ein Offline-Schlüsselpaar signiert nur in einem genehmigten Release.",
  backendHint: "Der Name des Signierers, wie der Betreiber ihn eingerichtet hat",
  algorithmHint: "Es muss der des Schlüssels sein.",
  usersHint: "Sie werden nach Name oder E-Mail-Adresse gefunden.",
  openpgpUserIdHint: "Name und Adresse, wie Example Releases <releases@example.com>",
  importHint:
    "Der Schlüssel geht verschlüsselt an diesen Server, signiert einmal zur Probe und bleibt im Signierer: Nichts gibt ihn wieder heraus. Weder die Datei noch die Passphrase wird behalten. Vernichten Sie danach alle anderen Kopien des Schlüssels, sonst kann jemand ohne Release signieren.",
  insecure:
    "Diese Seite wurde über einfaches http geöffnet, sodass andere einen privaten Schlüssel unterwegs lesen könnten. Öffnen Sie sie über https, oder führen Sie `countersign keys import` auf der Maschine des Servers aus.",
  file: "Datei mit dem privaten Schlüssel",
  fileHint: "PEM (PKCS#8) oder PKCS#12, verschlüsselt oder nicht, höchstens 64 KiB",
  chooseFile: "Datei wählen",
  pasted: "Oder der private Schlüssel als Text",
  pastedHint: "PEM, von der ersten bis zur letzten Zeile",
  passphrase: "Passphrase der Datei",
  passphraseHint: "Leer, wenn die Datei nicht verschlüsselt ist",
  showPassphrase: "Passphrase zeigen oder verbergen",
  key: "Schlüssel im Signierer",
  keyHint:
    "Bei einem HSM sein Label oder eine PKCS#11-URI mit object, id oder beidem, bei AWS KMS seine ID, sein ARN oder ein Alias. Der Schlüssel bleibt, wo er ist.",
};

export const messages: Messages<typeof en> = { en, de };
