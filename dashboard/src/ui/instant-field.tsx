import { TextInput } from "@mantine/core";
import { useFormats } from "@/i18n/formats";
import { useLocale } from "@/i18n/locale";
import { toInstant, toWallClock } from "@/i18n/zoned-time";

interface Props {
  label: string;
  /** The instant in UTC, or nothing where none is chosen. */
  value: string | undefined;
  error?: string | undefined;
  onChange: (instant: string | undefined) => void;
}

/**
 * A field for an instant, which is shown and typed as a clock in the person's zone has it. How the field itself writes
 * dates is the browser's choice, so the date is written below as everywhere else.
 */
export function InstantField({ label, value, error, onChange }: Props) {
  const { timeZone } = useLocale();
  const formats = useFormats();
  const chosen = (wallClock: string) => {
    const at = toInstant(wallClock, timeZone);
    return at === null ? undefined : new Date(at).toISOString();
  };
  return (
    <TextInput
      type="datetime-local"
      label={label}
      error={error}
      description={value && formats.instant(value)}
      inputWrapperOrder={["label", "input", "error", "description"]}
      value={value ? toWallClock(Date.parse(value), timeZone) : ""}
      onChange={({ currentTarget }) => onChange(chosen(currentTarget.value))}
    />
  );
}
