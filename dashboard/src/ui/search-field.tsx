import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { TYPING_MILLISECONDS } from "./typing";

interface Props {
  label: string;
  value: string;
  onChange: (text: string) => void;
}

/** A field to search with: the address, and with it the list, follows what is typed after a moment. */
export function SearchField({ label, value, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    if (value !== typed.trim()) setTyped(value);
  }
  const follow = useDebouncedCallback((text: string) => onChange(text.trim()), TYPING_MILLISECONDS);
  return (
    <TextInput
      flex="1 1 16rem"
      type="search"
      label={label}
      leftSection={<IconSearch size={16} />}
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        follow(currentTarget.value);
      }}
    />
  );
}
