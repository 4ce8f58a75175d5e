import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";

/** An instant in the person's zone; its tip says it exactly and in UTC. */
export function Instant({ at, timeOnly = false }: { at: string; timeOnly?: boolean }) {
  const formats = useFormats();
  const t = useMessages(messages);
  return (
    <time dateTime={at} title={`${formats.exact(at)}\n${t.utc(formats.utc(at))}`}>
      {timeOnly ? formats.time(at) : formats.instant(at)}
    </time>
  );
}
