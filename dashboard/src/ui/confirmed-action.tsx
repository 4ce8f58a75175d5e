import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import type { PossibleFragment } from "@/graphql/fragments.generated";
import type { SubjectAction } from "@/graphql/schema.generated";
import type { Refusal } from "@/graphql/refusal";
import { ConfirmDialog } from "./confirm-dialog";
import { DialogButton } from "./dialog-button";

interface Props {
  subject: { availableActions: readonly PossibleFragment[] };
  action: SubjectAction;
  /** The name of what the action is taken on. */
  what: string;
  /** What the action does. */
  text: string;
  color?: "brand" | "red";
  compact?: boolean;
  command: { refusals: Refusal[]; busy: boolean };
  /** Carries the action out; what it answers is null where it was refused. */
  onConfirm: () => Promise<unknown>;
}

/** A button for an action of the server's vocabulary, which says what it does before it is carried out. */
export function ConfirmedAction({ subject, action, color = "brand", compact = false, ...props }: Props) {
  const { onConfirm, ...dialog } = props;
  const title = useWords()("subjectActions", action);
  const confirm = async (close: () => void) => {
    if ((await onConfirm()) !== null) close();
  };
  return (
    <DialogButton label={title} color={color} compact={compact} refusal={refusalOf(subject, action)}>
      {(close) => (
        <ConfirmDialog
          {...dialog}
          action={title}
          color={color}
          onConfirm={() => confirm(close)}
          onClose={close}
        />
      )}
    </DialogButton>
  );
}
