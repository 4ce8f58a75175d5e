import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { messages } from "./messages";
import { UpdatePersonDocument, type PersonDetailFragment } from "./people.generated";

/** Deactivates a person or activates them again, for those to whom the server offers it. */
export function PersonActions({ person }: { person: PersonDetailFragment }) {
  const t = useMessages(messages);
  const command = useCommand(UpdatePersonDocument, ({ result }) => result, "user:");
  const { id, name, active, availableActions } = person;
  const action = active ? "DEACTIVATE" : "ACTIVATE";
  if (!availableActions.some((each) => each.action === action)) return null;
  return (
    <ConfirmedAction
      subject={person}
      action={action}
      what={name}
      color={active ? "red" : "brand"}
      text={t[action]}
      command={command}
      onConfirm={() => command.run({ input: { id, active: !active } })}
    />
  );
}
