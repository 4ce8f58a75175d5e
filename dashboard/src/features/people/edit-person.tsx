import { TextInput } from "@mantine/core";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { FormDialog } from "@/ui/form-dialog";
import { LocaleField, ZoneField } from "@/ui/locale-fields";
import { messages as common } from "@/ui/messages";
import { RefusalText } from "@/ui/refusal-text";
import { useDraft } from "@/ui/use-draft";
import { messages } from "./messages";
import { UpdatePersonDocument, type PersonDetailFragment } from "./people.generated";

const FIELDS = ["name", "email", "timeZone", "locale"] as const;

/** The button and the form for the name, the address, the zone and the language of a person, for those to whom the server offers it. */
export function EditPerson({ person }: { person: PersonDetailFragment }) {
  const word = useWords();
  if (!person.availableActions.some(({ action }) => action === "UPDATE")) return null;
  return (
    <DialogButton label={word("subjectActions", "UPDATE")} refusal={refusalOf(person, "UPDATE")}>
      {(close) => <PersonForm person={person} onClose={close} />}
    </DialogButton>
  );
}

interface Props {
  person: PersonDetailFragment;
  onClose: () => void;
}

function PersonForm({ person, onClose }: Props) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const title = useWords()("subjectActions", "UPDATE");
  const { run, refusals, busy } = useCommand(UpdatePersonDocument, ({ result }) => result, "user:");
  const { id, name, email, timeZone, locale, service } = person;
  const { draft, text, rest } = useDraft({ name, email, timeZone, locale }, refusals, FIELDS);
  const refusal = refusalOf(person, "RENAME");
  const submit = async () => {
    // The present address would take back a request for another one.
    const changed = FIELDS.filter((field) => draft[field] !== person[field]);
    const values = Object.fromEntries(changed.map((field) => [field, draft[field]]));
    if (changed.length === 0 || (await run({ input: { id, ...values } }))) onClose();
  };
  return (
    <FormDialog
      title={of(title, name)}
      action={save}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label={t.name}
        description={refusal && <RefusalText refusal={refusal} />}
        readOnly={refusal !== null}
        {...text("name")}
        data-autofocus
        required
      />
      <TextInput
        type="email"
        label={t.email}
        description={service ? undefined : t.newEmailHint}
        {...text("email")}
        required
      />
      {!service && (
        <>
          <ZoneField reader={draft} {...text("timeZone")} />
          <LocaleField reader={draft} {...text("locale")} />
        </>
      )}
    </FormDialog>
  );
}
