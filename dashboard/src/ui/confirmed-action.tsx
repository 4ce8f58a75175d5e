import { useState } from "react";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal-of";
import type { PossibleFragment } from "@/graphql/fragments.generated";
import type { SubjectAction } from "@/graphql/schema.generated";
import type { Refusal } from "@/graphql/use-command";
import { ActionButton } from "./action-button";
import { ConfirmDialog } from "./confirm-dialog";

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
  const [asking, setAsking] = useState(false);
  const title = useWords()("subjectActions", action);
  const confirm = async () => {
    if ((await props.onConfirm()) !== null) setAsking(false);
  };
  return (
    <>
      <ActionButton
        label={title}
        color={color}
        compact={compact}
        refusal={refusalOf(subject, action)}
        onClick={() => setAsking(true)}
      />
      {asking && (
        <ConfirmDialog
          action={title}
          what={props.what}
          color={color}
          text={props.text}
          command={props.command}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
