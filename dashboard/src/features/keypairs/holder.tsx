import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { TextLink } from "@/ui/links";
import type { KeypairSummaryFragment } from "./keypairs.generated";
import { messages } from "./messages";

/** The release that holds a keypair, and until when. */
export function Holder({ release }: { release: NonNullable<KeypairSummaryFragment["heldBy"]> }) {
  const t = useMessages(messages);
  const { instant } = useFormats();
  return (
    <>
      <TextLink to="/releases/$id" params={{ id: release.id }} inherit underline="always">
        {release.name}
      </TextLink>{" "}
      {t.heldUntil(instant(release.endsAt))}
    </>
  );
}
