import type { Messages } from "@/i18n/locale";
import type { EditEffect, KeptApproval } from "./edit-effect";

const en = {
  title: "Request a release",
  editTitle: (name: string) => `Edit ${name}`,
  what: "What",
  name: "Name",
  nameHint: "Unique in the account, such as the product and its version.",
  version: "Version (optional)",
  note: "Note (optional)",
  noteHint: "What approvers should know.",
  type: "Type",
  category: "Kind of keypairs",
  who: "Who",
  team: "Team",
  teamHint: "Its members may sign; its approvers are asked.",
  chooseTeam: "Choose a team",
  participants: "May sign",
  approvers: (count: number, names: string) => `${count} must approve, of: ${names}`,
  noApprover: "Nobody of this team but you may approve it.",
  needsNone: "It needs no approval.",
  keypairs: "Keypairs",
  keypairsHint: "A keypair is held by one release at a time.",
  searchKeypairs: "Keypairs by name",
  noKeypair: "There is no enabled keypair of this type and kind that may be used here.",
  heldBy: (release: string, until: string) => `held by ${release} until ${until}`,
  certificate: "Only keypairs with a default certificate",
  when: "When",
  start: "Start",
  end: "End",
  zone: (zone: string) => `in ${zone}`,
  notATime: "Enter a date and a time.",
  length: (duration: string) => `The window is open for ${duration}.`,
  backwards: "The window has to end after its start.",
  past: "The window has already ended.",
  tooLong: (days: number) => `A window may last ${days} days at most.`,
  presets: "Suggestions",
  presetNames: {
    hour: "For an hour, from now",
    today: "Today 14:00 to 16:00",
    tomorrow: "Tomorrow 9:00 to 17:00",
  },
  maximum: "Signatures at most",
  submit: "Request",
  save: "Save",
  nothingChanged: "Nothing was changed.",
  editEffects: {
    ENDED: "The release has ended: only its name, version and note can be changed.",
    OPEN_FOR_APPROVERS:
      "The release is open: only its approvers can change more than its name, version and note, and you are not one of them.",
    OPEN_FOR_REQUESTER:
      "The release is open: only who requested it can change more than its name, version and note.",
    OPEN_APPROVED: "The release is open: its approval stands whatever you change, and nobody is asked again.",
    NO_APPROVAL: "A release of this type needs no approval: your changes take effect at once.",
    DECISIONS_VOID:
      "If you change more than name and note, the decisions so far no longer count, and the approvers are asked again.",
    APPROVED_AGAIN:
      "If you change more than name and note, the approval no longer counts: the release has to be approved again before it opens.",
    FOR_APPROVERS:
      "The release is approved: only its approvers can change more than its name and note, and you are not one of them.",
    APPROVAL_KEPT:
      "The release is approved: its approval stands whatever you change, and nobody is asked again.",
    NEEDS_APPROVAL: "An offline release has to be approved before it opens: the approvers are asked.",
  } satisfies Record<EditEffect, string>,
  widened: {
    OPEN_APPROVED:
      "The open release allows more than was approved, at once: its approval stands, and nobody is asked again. All its approvers get a mail.",
    APPROVAL_KEPT:
      "The release allows more than was approved: its approval stands, and nobody is asked again.",
  } satisfies Record<KeptApproval, string>,
  missing: "There is no such release, or you may not see it.",
};

const de: typeof en = {
  title: "Release anfragen",
  editTitle: (name) => `${name} bearbeiten`,
  what: "Was",
  name: "Name",
  nameHint: "Eindeutig im Konto, etwa das Produkt und seine Version.",
  version: "Version (freiwillig)",
  note: "Notiz (freiwillig)",
  noteHint: "Was Genehmigende wissen sollten.",
  type: "Art",
  category: "Art der Schlüsselpaare",
  who: "Wer",
  team: "Team",
  teamHint: "Seine Mitglieder dürfen signieren; seine Genehmigenden werden gefragt.",
  chooseTeam: "Team wählen",
  participants: "Dürfen signieren",
  approvers: (count, names) => `${count} müssen genehmigen, von: ${names}`,
  noApprover: "Niemand in diesem Team außer Ihnen darf es genehmigen.",
  needsNone: "Es braucht keine Genehmigung.",
  keypairs: "Schlüsselpaare",
  keypairsHint: "Ein Schlüsselpaar gehört immer nur zu einem Release.",
  searchKeypairs: "Schlüsselpaare nach Namen",
  noKeypair: "Es gibt kein eingeschaltetes Schlüsselpaar dieser Art, das hier benutzt werden darf.",
  heldBy: (release, until) => `belegt von ${release} bis ${until}`,
  certificate: "Nur Schlüsselpaare mit Standardzertifikat",
  when: "Wann",
  start: "Beginn",
  end: "Ende",
  zone: (zone) => `in ${zone}`,
  notATime: "Geben Sie Tag und Uhrzeit ein.",
  length: (duration) => `Das Fenster ist ${duration} offen.`,
  backwards: "Das Fenster muss nach seinem Beginn enden.",
  past: "Das Fenster ist schon zu Ende.",
  tooLong: (days) => `Ein Fenster darf höchstens ${days} Tage dauern.`,
  presets: "Vorschläge",
  presetNames: {
    hour: "Eine Stunde, ab jetzt",
    today: "Heute 14:00 bis 16:00",
    tomorrow: "Morgen 9:00 bis 17:00",
  },
  maximum: "Höchstens Signaturen",
  submit: "Anfragen",
  save: "Speichern",
  nothingChanged: "Nichts wurde geändert.",
  editEffects: {
    ENDED: "Das Release ist beendet: Nur Name, Version und Notiz lassen sich noch ändern.",
    OPEN_FOR_APPROVERS:
      "Das Release ist offen: Mehr als Name, Version und Notiz ändern nur seine Genehmigenden, und Sie gehören nicht dazu.",
    OPEN_FOR_REQUESTER:
      "Das Release ist offen: Mehr als Name, Version und Notiz ändert nur, wer es angefragt hat.",
    OPEN_APPROVED:
      "Das Release ist offen: Seine Genehmigung gilt weiter, was immer Sie ändern, und niemand wird neu gefragt.",
    NO_APPROVAL: "Ein Release dieser Art braucht keine Genehmigung: Ihre Änderungen gelten sofort.",
    DECISIONS_VOID:
      "Wenn Sie mehr als Name und Notiz ändern, zählen die bisherigen Entscheidungen nicht mehr, und die Genehmigenden werden neu gefragt.",
    APPROVED_AGAIN:
      "Wenn Sie mehr als Name und Notiz ändern, gilt die Genehmigung nicht mehr: Das Release muss neu genehmigt werden, bevor es öffnet.",
    FOR_APPROVERS:
      "Das Release ist genehmigt: Mehr als Name und Notiz ändern nur seine Genehmigenden, und Sie gehören nicht dazu.",
    APPROVAL_KEPT:
      "Das Release ist genehmigt: Seine Genehmigung gilt weiter, was immer Sie ändern, und niemand wird neu gefragt.",
    NEEDS_APPROVAL:
      "Ein Offline-Release muss genehmigt werden, bevor es öffnet: Die Genehmigenden werden gefragt.",
  },
  widened: {
    OPEN_APPROVED:
      "Das offene Release erlaubt sofort mehr, als genehmigt wurde: Seine Genehmigung gilt weiter, und niemand wird neu gefragt. Alle Genehmigenden bekommen eine Mail.",
    APPROVAL_KEPT:
      "Das Release erlaubt mehr, als genehmigt wurde: Seine Genehmigung gilt weiter, und niemand wird neu gefragt.",
  },
  missing: "Dieses Release gibt es nicht, oder Sie dürfen es nicht sehen.",
};

export const messages: Messages<typeof en> = { en, de };
