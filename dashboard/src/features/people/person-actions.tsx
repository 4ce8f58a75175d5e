import { useState } from "react";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal-of";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ActionButton } from "@/ui/action-button";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { messages } from "./messages";
import { UpdatePersonDocument, type PersonDetailFragment } from "./people.generated";

/** Deactivates a person or activates them again, for those to whom the server offers it. */
export function PersonActions({ person }: { person: PersonDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const [asking, setAsking] = useState(false);
  const command = useCommand(UpdatePersonDocument, ({ result }) => result, "user:");
  const { id, name, active, availableActions } = person;
  const action = active ? "DEACTIVATE" : "ACTIVATE";
  if (!availableActions.some((each) => each.action === action)) return null;
  const color = active ? "red" : "brand";
  const title = word("subjectActions", action);
  const confirm = async () => {
    if (await command.run({ input: { id, active: !active } })) setAsking(false);
  };
  return (
    <>
      <ActionButton
        label={title}
        color={color}
        refusal={refusalOf(person, action)}
        onClick={() => setAsking(true)}
      />
      {asking && (
        <ConfirmDialog
          action={title}
          what={name}
          color={color}
          text={t[action]}
          command={command}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
