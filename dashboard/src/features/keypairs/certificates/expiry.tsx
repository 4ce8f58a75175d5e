import { useNow } from "@/app/clock";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { Instant } from "@/ui/instant";
import { messages } from "../messages";

/** When a certificate expires, and how long that still is. */
export function Expiry({ at }: { at: string | null }) {
  const t = useMessages(messages);
  const { duration } = useFormats();
  const now = useNow();
  if (!at) return t.never;
  const left = Date.parse(at) - now;
  return (
    <>
      <Instant at={at} /> ({left > 0 ? t.expiresIn(duration(left)) : t.expired})
    </>
  );
}
