import { useFormats } from "@/i18n/formats";

/** From when until when; where both are on one day of the person's zone, it is said once. */
export function TimeSpan({ from, until }: { from: string; until: string }) {
  const { date } = useFormats();
  return (
    <>
      <Instant at={from} /> – <Instant at={until} timeOnly={date(from) === date(until)} />
    </>
  );
}

/** An instant in the person's zone; its tip says it exactly and in UTC. */
export function Instant({ at, timeOnly = false }: { at: string; timeOnly?: boolean }) {
  const formats = useFormats();
  return (
    <time dateTime={at} title={`${formats.exact(at)}\n${formats.utc(at)}`}>
      {timeOnly ? formats.time(at) : formats.instant(at)}
    </time>
  );
}
