import { Text } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import type { OutcomeFragment } from "./outcome.generated";

interface Props {
  entry: OutcomeFragment;
  /** The alias of the keypair of a signature; null where it is not known. */
  keypair?: string | null | undefined;
}

/** Which way a decision went, and which file a signature is for: nothing for other entries. */
export function Outcome({ entry: { decision, keypairId, details }, keypair = null }: Props) {
  const t = useMessages(messages);
  const text = decision
    ? t.verdicts[decision.verdict](decision.received, decision.required)
    : keypairId && t.signed(artifactName(details), keypair);
  return (
    text && (
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {text}
      </Text>
    )
  );
}

/** Returns what a signature is for, as its caller said. */
function artifactName(details: unknown): string | null {
  return (details as { artifact?: { name: string } }).artifact?.name ?? null;
}
