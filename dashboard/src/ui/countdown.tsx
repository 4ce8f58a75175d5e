import { useNow } from "@/app/clock";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import type { ReleaseStatus } from "@/graphql/schema.generated";
import { messages } from "./messages";

interface Window {
  status: ReleaseStatus;
  startsAt: string;
  endsAt: string;
  endedAt: string | null;
  maxSignatures: number;
  signaturesUsed: number;
}

/** How long until a release's window opens or closes, by the server's clock, and whether an open one is used up. */
export function Countdown({ release }: { release: Window }) {
  const { status, startsAt, endsAt, endedAt } = release;
  const now = useNow();
  const formats = useFormats();
  const t = useMessages(messages);
  if (endedAt) return <>{t.ended(formats.instant(endedAt))}</>;
  const [toStart, toEnd] = [Date.parse(startsAt) - now, Date.parse(endsAt) - now];
  const isOpen = status === "IN_PROGRESS";
  if (!isOpen && toStart > 0) return <>{t.opensIn(formats.duration(toStart))}</>;
  if (toEnd <= 0 || (!isOpen && status !== "PENDING")) return <>{t.overdue}</>;
  const said = (isOpen ? t.closesIn : t.expiresIn)(formats.duration(toEnd));
  const isUsedUp = isOpen && release.signaturesUsed >= release.maxSignatures;
  return <>{isUsedUp ? t.usedUp(said) : said}</>;
}
