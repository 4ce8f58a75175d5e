import { TextInput } from "@mantine/core";
import { useLocale } from "@/i18n/locale";
import { toInstant, toWallClock } from "@/i18n/zoned-time";

interface Props {
  label: string;
  /** The instant in UTC, or nothing where none is chosen. */
  value: string | undefined;
  onChange: (instant: string | undefined) => void;
}

/** A field for an instant, which is shown and typed as a clock in the person's zone has it. */
export function InstantField({ label, value, onChange }: Props) {
  const { timeZone } = useLocale();
  const chosen = (wallClock: string) => {
    const at = toInstant(wallClock, timeZone);
    return at === null ? undefined : new Date(at).toISOString();
  };
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={value ? toWallClock(Date.parse(value), timeZone) : ""}
      onChange={({ currentTarget }) => onChange(chosen(currentTarget.value))}
    />
  );
}
