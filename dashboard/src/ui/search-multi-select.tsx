import { MultiSelect } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import type { Choice } from "./search-select";
import { TYPING_MILLISECONDS } from "./typing";

interface Props {
  label: string;
  description?: string;
  error?: string | undefined;
  required?: boolean;
  chosen: readonly Choice[];
  /** What fits the text that was searched for last; the server finds it, since there may be thousands. */
  choices: readonly Choice[];
  onSearch: (text: string) => void;
  onChange: (chosen: Choice[]) => void;
}

/** A field in which some of many are chosen by parts of their names. */
export function SearchMultiSelect({ chosen, choices, onSearch, onChange, ...field }: Props) {
  const t = useMessages(messages);
  const search = useDebouncedCallback(onSearch, TYPING_MILLISECONDS);
  const known = new Map([...chosen, ...choices].map((each) => [each.value, each]));
  return (
    <MultiSelect
      {...field}
      value={chosen.map(({ value }) => value)}
      data={[...known.values()]}
      onSearchChange={(text) => search(text.trim())}
      onChange={(values) => onChange(values.flatMap((value) => known.get(value) ?? []))}
      nothingFoundMessage={t.nothingFits}
      searchable
    />
  );
}
