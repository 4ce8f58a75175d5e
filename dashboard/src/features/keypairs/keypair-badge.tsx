import { useMessages } from "@/i18n/locale";
import { StateBadge } from "@/ui/status-badge";
import type { KeypairSummaryFragment } from "./keypairs.generated";
import { messages } from "./messages";
import { stateOf } from "./search";

/** Whether a keypair is free, held or disabled. */
export function KeypairBadge({ keypair }: { keypair: KeypairSummaryFragment }) {
  const t = useMessages(messages);
  const state = stateOf(keypair);
  return <StateBadge state={state}>{t.states[state]}</StateBadge>;
}
