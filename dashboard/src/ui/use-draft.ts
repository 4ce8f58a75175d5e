import { useState } from "react";
import type { Refusal } from "@/graphql/refusal";
import { useRefusalsByField } from "./use-refusals-by-field";

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

/** The fields of a draft that the API names otherwise, and how. */
type FieldNames<Draft> = Partial<Record<keyof Draft, string>>;

/**
 * Returns what is typed into a form, how it is changed, and what was refused: at the given fields, as the API names
 * them, and the rest. What was refused of a field is shown until it is changed. `text` answers what a text field of
 * that name needs.
 */
export function useDraft<Draft extends object>(
  initial: Draft,
  refusals: readonly Refusal[],
  fields: readonly string[],
  fieldNames: FieldNames<Draft> = {},
) {
  const [draft, setDraft] = useState(initial);
  const { errors, rest, correct } = useRefusalsByField(refusals, fields);
  const change = (changed: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changed }));
    correct(Object.keys(changed).map((name) => fieldNames[name as keyof Draft] ?? name));
  };
  const text = (name: TextField<Draft> & string) => ({
    error: errors[name],
    value: draft[name] as string,
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      change({ [name]: currentTarget.value } as unknown as Partial<Draft>),
  });
  return { draft, change, text, errors, rest };
}
