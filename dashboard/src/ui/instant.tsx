import { useFormats } from "@/i18n/formats";

/** An instant in the person's zone; its tip says it exactly and in UTC. */
export function Instant({ at, timeOnly = false }: { at: string; timeOnly?: boolean }) {
  const formats = useFormats();
  return (
    <time dateTime={at} title={`${formats.exact(at)}\n${formats.utc(at)}`}>
      {timeOnly ? formats.time(at) : formats.instant(at)}
    </time>
  );
}
