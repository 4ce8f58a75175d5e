import { useWords } from "@/app/session";
import { SentMessages } from "@/features/deliveries/sent-messages";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import { ReleaseDeliveriesDocument } from "./release.generated";

/** Who got which message about a release, and what became of it. */
export function Deliveries({ id }: { id: string }) {
  const t = useMessages(messages);
  const word = useWords();
  const concerns = ["release:", "delivery:"];
  const pages = usePages(
    ReleaseDeliveriesDocument,
    { id },
    ({ release }) => release?.deliveries ?? null,
    concerns,
  );
  return (
    <Section title={t.deliveries} anchor="messages">
      <SentMessages
        pages={pages}
        empty={t.noDeliveries}
        titleOf={({ recipient, kind, channel }) => ({
          shown: (
            <>
              <b>{recipient.name}</b> · {word("messageKinds", kind)} ·{" "}
              {channel === "email" ? t.email : channel}
            </>
          ),
          text: `${recipient.name}, ${word("messageKinds", kind)}`,
        })}
      />
    </Section>
  );
}
