import { PeopleField } from "@/features/people/people-field";
import { ACCESSES } from "@/graphql/enum-values";
import { useMessages } from "@/i18n/locale";
import { ChoiceField } from "@/ui/choice-field";
import { messages as keypairMessages } from "../messages";
import type { AccessDraft } from "./keypair-draft";
import { messages } from "./messages";

interface Props {
  draft: AccessDraft;
  errors: Partial<Record<string, string>>;
  change: (changed: Partial<AccessDraft>) => void;
}

/** Who may sign with a keypair: everybody whose team has it, or some people alone. */
export function AccessFields({ draft: { access, users }, errors, change }: Props) {
  const t = useMessages(messages);
  const { access: label, users: people, accesses } = useMessages(keypairMessages);
  return (
    <>
      <ChoiceField
        label={label}
        error={errors.access}
        value={access}
        choices={ACCESSES}
        nameOf={(each) => accesses[each]}
        onChange={(chosen) => change({ access: chosen })}
      />
      {access === "RESTRICTED" && (
        <PeopleField
          label={people}
          description={t.usersHint}
          error={errors.userIds}
          chosen={users}
          onChange={(chosen) => change({ users: chosen })}
        />
      )}
    </>
  );
}
