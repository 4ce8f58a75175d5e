import { Select } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import { TYPING_MILLISECONDS } from "./typing";

export interface Choice {
  value: string;
  label: string;
}

interface Props {
  label: string;
  /** What is shown while nothing is chosen. */
  placeholder: string;
  /** What is chosen, which may be none of the choices. */
  chosen: Choice | null;
  /** What fits the text that was searched for last; the server finds it, since there may be thousands. */
  choices: readonly Choice[];
  onSearch: (text: string) => void;
  onChange: (value: string | undefined) => void;
}

/** A field in which one of many is chosen by a part of its name. */
export function SearchSelect({ label, placeholder, chosen, choices, onSearch, onChange }: Props) {
  const t = useMessages(messages);
  const search = useDebouncedCallback(onSearch, TYPING_MILLISECONDS);
  const others = choices.filter(({ value }) => value !== chosen?.value);
  return (
    <Select
      label={label}
      placeholder={placeholder}
      value={chosen?.value ?? null}
      data={chosen ? [chosen, ...others] : others}
      // What is chosen fills the field; it is no text that somebody searches for.
      onSearchChange={(text) => search(text === chosen?.label ? "" : text.trim())}
      onChange={(value) => onChange(value ?? undefined)}
      filter={({ options }) => options}
      nothingFoundMessage={t.nothingFits}
      searchable
      clearable
      clearButtonProps={{ "aria-label": t.remove(label) }}
    />
  );
}
