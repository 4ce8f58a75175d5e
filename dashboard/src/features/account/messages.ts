import type { QuotaOnOnline } from "@/graphql/schema.generated";
import type { Messages } from "@/i18n/locale";

const en = {
  title: "Account",
  killSwitch: "Kill switch",
  frozen: "Signing is frozen. No keypair of the account signs, whatever release is open.",
  notFrozen:
    "Signing is not frozen. Freezing it refuses every signature of the account from the next one on.",
  FREEZE_SIGNING:
    "Every signature of the account is refused from now on, also in open releases. Their windows go on, and what is signed already stays valid. Everybody who manages the account is told.",
  UNFREEZE_SIGNING: "Open releases sign again at once. Lift the freeze only when its cause is gone.",
  approvals: "Approvals",
  signing: "Signing",
  releases: "Releases",
  people: "People",
  requiredApprovals: "Approvals of an offline release",
  requiredApprovalsHint: "Counts while teams are off; each team has a number of its own.",
  allowSelfApproval: "People may approve what they requested themselves",
  reapproveOnEdit: "A material edit of an approved release needs new approvals",
  signedInApprovals: "Who decides by the link of a mail must also be signed in",
  teamsEnabled: "Releases belong to teams",
  teamsEnabledHint: "It can be switched only while no release is open.",
  enabledReleaseTypes: "Types of release that may be requested",
  maxWindowDays: "Longest window, in days",
  quotaOnOnline: "A signature of an online keypair beyond the maximum of its release",
  quotas: {
    REFUSE: "is refused",
    UNASSOCIATED: "is made, and belongs to no release",
  } satisfies Record<QuotaOnOnline, string>,
  restrictSigningToReleases: "Online and test keypairs, too, sign only in a release",
  offlineCertification: "Offline keypairs may sign certificate requests and certificates of their own",
  usersMayRenameThemselves: "People may change their own name",
  save: "Save",
  saved: "Saved.",
  nothingChanged: "Nothing was changed.",
};

const de: typeof en = {
  title: "Konto",
  killSwitch: "Notschalter",
  frozen:
    "Das Signieren ist eingefroren. Kein Schlüsselpaar des Kontos signiert, welches Release auch offen ist.",
  notFrozen:
    "Das Signieren ist nicht eingefroren. Einfrieren lehnt ab der nächsten jede Signatur des Kontos ab.",
  FREEZE_SIGNING:
    "Ab jetzt wird jede Signatur des Kontos abgelehnt, auch in offenen Releases. Deren Fenster laufen weiter, und was signiert ist, bleibt gültig. Alle, die das Konto verwalten, erfahren davon.",
  UNFREEZE_SIGNING:
    "Offene Releases signieren sofort wieder. Heben Sie das Einfrieren erst auf, wenn der Anlass behoben ist.",
  approvals: "Genehmigungen",
  signing: "Signieren",
  releases: "Releases",
  people: "Personen",
  requiredApprovals: "Genehmigungen eines Offline-Releases",
  requiredApprovalsHint: "Gilt, solange Teams aus sind; jedes Team hat seine eigene Zahl.",
  allowSelfApproval: "Wer anfragt, darf selbst genehmigen",
  reapproveOnEdit: "Eine wesentliche Änderung eines genehmigten Releases braucht neue Genehmigungen",
  signedInApprovals: "Wer über den Link einer Mail entscheidet, muss auch angemeldet sein",
  teamsEnabled: "Releases gehören Teams",
  teamsEnabledHint: "Umschalten geht nur, solange kein Release offen ist.",
  enabledReleaseTypes: "Arten von Releases, die angefragt werden dürfen",
  maxWindowDays: "Längstes Fenster in Tagen",
  quotaOnOnline: "Eine Signatur eines Online-Schlüsselpaars über das Maximum seines Releases hinaus",
  quotas: { REFUSE: "wird abgelehnt", UNASSOCIATED: "entsteht und gehört zu keinem Release" },
  restrictSigningToReleases: "Auch Online- und Test-Schlüsselpaare signieren nur in einem Release",
  offlineCertification:
    "Offline-Schlüsselpaare dürfen Zertifikatsanfragen und eigene Zertifikate unterschreiben",
  usersMayRenameThemselves: "Personen dürfen ihren eigenen Namen ändern",
  save: "Speichern",
  saved: "Gespeichert.",
  nothingChanged: "Nichts wurde geändert.",
};

export const messages: Messages<typeof en> = { en, de };
