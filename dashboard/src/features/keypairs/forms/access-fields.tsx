import { PeopleField } from "@/features/people/people-field";
import { ACCESSES } from "@/graphql/enum-values";
import type { KeypairAccess } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { ChoiceField } from "@/ui/choice-field";
import { messages as keypairMessages } from "../messages";
import type { KeypairDraft } from "./keypair-draft";
import { messages } from "./messages";

type Errors = Partial<Record<string, string>>;

interface AccessProps {
  access: KeypairAccess;
  errors: Errors;
  change: (changed: { access: KeypairAccess }) => void;
}

/** Whether everybody whose team has a keypair may sign with it, or some people alone. */
export function AccessField({ access, errors, change }: AccessProps) {
  const { access: label, accesses } = useMessages(keypairMessages);
  return (
    <ChoiceField
      label={label}
      error={errors.access}
      value={access}
      choices={ACCESSES}
      nameOf={(each) => accesses[each]}
      onChange={(chosen) => change({ access: chosen })}
    />
  );
}

interface Props {
  draft: Pick<KeypairDraft, "access" | "users">;
  errors: Errors;
  change: (changed: Partial<Pick<KeypairDraft, "access" | "users">>) => void;
}

/** Who may sign with a new keypair: everybody whose team has it, or these people alone. */
export function AccessFields({ draft: { access, users }, errors, change }: Props) {
  const t = useMessages(messages);
  const { users: label } = useMessages(keypairMessages);
  return (
    <>
      <AccessField access={access} errors={errors} change={change} />
      {access === "RESTRICTED" && (
        <PeopleField
          label={label}
          description={t.usersHint}
          error={errors.userIds}
          chosen={users}
          onChange={(chosen) => change({ users: chosen })}
        />
      )}
    </>
  );
}
