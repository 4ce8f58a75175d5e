import { useState, type ReactNode } from "react";
import { useSession } from "@/app/session";
import { refusalOf } from "@/graphql/refusal-of";
import type { SubjectAction } from "@/graphql/schema.generated";
import { ActionButton } from "./action-button";

interface Props {
  /** The action on the account that the form carries out. */
  action: SubjectAction;
  label: string;
  /** Draws the form, which gets how it is closed. */
  children: (close: () => void) => ReactNode;
}

/** The button of a list that opens the form for one more; who may not add one reads why. */
export function CreateButton({ action, label, children }: Props) {
  const { account } = useSession();
  const [open, setOpen] = useState(false);
  return (
    <>
      <ActionButton label={label} refusal={refusalOf(account, action)} onClick={() => setOpen(true)} />
      {open && children(() => setOpen(false))}
    </>
  );
}
