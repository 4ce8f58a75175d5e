import { TextInput } from "@mantine/core";
import { useWords } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { ChoiceField } from "@/ui/choice-field";
import { messages as keypairMessages } from "../messages";
import type { SignerFactsFragment } from "./keypair-forms.generated";
import type { KeypairDraft } from "./keypair-draft";
import { messages } from "./messages";
import { algorithmsOf, categoriesOf, offered, signersWith, type KeyChoice, type KeySource } from "./signers";

interface Props {
  signers: readonly SignerFactsFragment[];
  source: KeySource;
  draft: KeypairDraft;
  errors: Partial<Record<string, string>>;
  change: (changed: Partial<KeypairDraft>) => void;
}

/** The signer, and what it offers for keys from the source. */
export function KeyFields({ signers, source, draft, errors, change }: Props) {
  const t = useMessages(messages);
  const words = useMessages(keypairMessages);
  const word = useWords();
  const { backend, category, algorithm } = draft;
  const choose = (changed: Partial<KeyChoice>) =>
    change(offered(signers, source, { backend, category, algorithm, ...changed }));
  const categories = categoriesOf(signers, source, backend);
  return (
    <>
      <ChoiceField
        label={words.backend}
        description={t.backendHint}
        error={errors.backend}
        value={backend}
        choices={signersWith(signers, source)}
        onChange={(chosen) => choose({ backend: chosen })}
      />
      {categories.length > 1 && (
        <ChoiceField
          label={words.category}
          error={errors.category}
          value={category}
          choices={categories}
          nameOf={(each) => word("categories", each)}
          onChange={(chosen) => choose({ category: chosen })}
        />
      )}
      <ChoiceField
        label={words.algorithm}
        description={source === "GENERATE" ? undefined : t.algorithmHint}
        error={errors.algorithm}
        value={algorithm}
        choices={algorithmsOf(signers, source, draft)}
        onChange={(chosen) => choose({ algorithm: chosen })}
      />
      {source === "ADOPT" && (
        <TextInput
          label={t.key}
          description={t.keyHint}
          error={errors.key}
          value={draft.key}
          onChange={({ currentTarget }) => change({ key: currentTarget.value })}
          required
        />
      )}
    </>
  );
}
