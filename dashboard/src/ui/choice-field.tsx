import { NativeSelect, type NativeSelectProps } from "@mantine/core";

interface Props<Value extends string> extends Omit<NativeSelectProps, "data" | "value" | "onChange"> {
  value: Value;
  choices: readonly Value[];
  /** What a choice is called; its own text without it. */
  nameOf?: (value: Value) => string;
  onChange: (value: Value) => void;
}

/** A field in which one of a few is chosen. */
export function ChoiceField<Value extends string>({ choices, nameOf, onChange, ...field }: Props<Value>) {
  const choose = (chosen: string) => {
    const known = choices.find((value) => value === chosen);
    if (known !== undefined) onChange(known);
  };
  return (
    <NativeSelect
      {...field}
      data={choices.map((value) => ({ value, label: nameOf?.(value) ?? value }))}
      onChange={({ currentTarget }) => choose(currentTarget.value)}
    />
  );
}
