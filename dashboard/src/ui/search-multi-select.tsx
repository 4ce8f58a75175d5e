import { MultiSelect, Text } from "@mantine/core";
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
  autoFocus?: boolean;
  /** Null if there are more than the field can hold, which then changes none. */
  chosen: readonly Choice[] | null;
  /** What fits the text that was searched for last; the server finds it, since there may be thousands. */
  choices: readonly Choice[];
  onSearch: (text: string) => void;
  onChange: (chosen: Choice[]) => void;
}

/** A field in which some of many are chosen by parts of their names. */
export function SearchMultiSelect({ chosen, ...field }: Props) {
  const t = useMessages(messages);
  if (chosen) return <Searched chosen={chosen} {...field} />;
  return (
    <Text size="sm">
      {field.label}: {t.tooMany}
    </Text>
  );
}

type SearchedProps = Props & { chosen: readonly Choice[] };

function Searched({ chosen, choices, onSearch, onChange, autoFocus, ...field }: SearchedProps) {
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
      // The server has found them, by more than the text that is shown; what is chosen is above the list.
      filter={({ options }) => options}
      hidePickedOptions
      data-autofocus={autoFocus}
      // The list of a dialog's first field would hide the others as soon as the dialog opens.
      openOnFocus={!autoFocus}
      nothingFoundMessage={t.nothingFits}
      searchable
    />
  );
}
