import { useState } from "react";
import { byField } from "@/graphql/by-field";
import type { Refusal } from "@/graphql/use-command";

/** What a form needs of the command that it is sent with. */
export interface FormCommand {
  refusals: readonly Refusal[];
  busy: boolean;
}

/** What a form that creates and edits gets from whichever of both it is. */
export interface DraftFormProps<Draft> {
  title: string;
  /** What the button that sends the form says. */
  action: string;
  initial: Draft;
  command: FormCommand;
  onSubmit: (draft: Draft) => Promise<void>;
  onClose: () => void;
}

type TextField<Draft> = { [Name in keyof Draft]: Draft[Name] extends string ? Name : never }[keyof Draft];

/**
 * Returns what is typed into a form, how it is changed, and what was refused: at the given fields, as the API names
 * them, and the rest. `text` answers what a text field of that name needs.
 */
export function useDraft<Draft extends object>(
  initial: Draft,
  refusals: readonly Refusal[],
  fields: readonly string[],
) {
  const [draft, setDraft] = useState(initial);
  const { fields: errors, rest } = byField(refusals, fields);
  const change = (changed: Partial<Draft>) => setDraft((before) => ({ ...before, ...changed }));
  const text = (name: TextField<Draft> & string) => ({
    error: errors[name],
    value: draft[name] as string,
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      setDraft((before) => ({ ...before, [name]: currentTarget.value })),
  });
  return { draft, setDraft, change, text, errors, rest };
}
