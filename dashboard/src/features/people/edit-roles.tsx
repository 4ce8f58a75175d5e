import { useState } from "react";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { useRefusalsByField } from "@/ui/use-refusals-by-field";
import { messages } from "./messages";
import { UpdatePersonDocument, type PersonDetailFragment } from "./people.generated";
import { RoleChoice } from "./role-choice";

/** The button and the form that change the roles of a person, for those to whom the server offers it. */
export function EditRoles({ person }: { person: PersonDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  if (!person.availableActions.some(({ action }) => action === "CHANGE_ROLES")) return null;
  return (
    <DialogButton label={word("subjectActions", "CHANGE_ROLES")} refusal={refusalOf(person, "CHANGE_ROLES")}>
      {(close) => <RolesForm person={person} action={t.editRoles} onClose={close} />}
    </DialogButton>
  );
}

interface Props {
  person: PersonDetailFragment;
  action: string;
  onClose: () => void;
}

function RolesForm({ person, action, onClose }: Props) {
  const { of } = useMessages(common);
  const [roles, setRoles] = useState(() => person.roles.map(({ name }) => name));
  const { run, refusals, busy } = useCommand(UpdatePersonDocument, ({ result }) => result, "user:");
  const { errors, rest, correct } = useRefusalsByField(refusals, ["roles"]);
  const change = (changed: string[]) => {
    setRoles(changed);
    correct(["roles"]);
  };
  const save = async () => {
    if (await run({ input: { id: person.id, roles } })) onClose();
  };
  return (
    <FormDialog
      title={of(action, person.name)}
      action={action}
      busy={busy}
      refusals={rest}
      onSubmit={save}
      onClose={onClose}
    >
      <RoleChoice value={roles} error={errors.roles} onChange={change} />
    </FormDialog>
  );
}
