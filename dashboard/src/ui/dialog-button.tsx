import { useState, type ReactNode } from "react";
import type { Refusal } from "@/graphql/refusal";
import { ActionButton } from "./action-button";

interface Props {
  label: string;
  /** Why what the dialog does is not allowed; null if it is. */
  refusal?: Refusal | null;
  color?: "brand" | "red";
  compact?: boolean;
  /** Draws the dialog, which gets how it is closed. */
  children: (close: () => void) => ReactNode;
}

/** A button that opens a dialog; who may not do what it is for reads why. */
export function DialogButton({ refusal = null, children, ...button }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <ActionButton {...button} refusal={refusal} onClick={() => setOpen(true)} />
      {open && children(() => setOpen(false))}
    </>
  );
}
