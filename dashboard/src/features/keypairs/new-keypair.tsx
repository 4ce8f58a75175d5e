import { TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useWords } from "@/app/session";
import type { KeypairAlgorithm, KeypairCategory, ReleaseType } from "@/graphql/schema.generated";
import { CATEGORIES, RELEASE_TYPES } from "@/graphql/enum-values";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ChoiceField } from "@/ui/choice-field";
import { FormDialog } from "@/ui/form-dialog";
import { useDraft } from "@/ui/use-draft";
import { algorithmsOf } from "./algorithms";
import { CreateKeypairDocument } from "./keypairs.generated";
import { messages } from "./messages";

interface Draft {
  alias: string;
  type: ReleaseType;
  category: KeypairCategory;
  algorithm: KeypairAlgorithm;
  backend: string;
  openpgpUserId: string;
}

const INITIAL: Draft = {
  alias: "",
  type: "OFFLINE",
  category: "STANDARD",
  algorithm: "ECDSA_P256",
  backend: "local",
  openpgpUserId: "",
};

/** The form for a new keypair, whose private key its signer generates. */
export function NewKeypair({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const word = useWords();
  const navigate = useNavigate();
  const { run, refusals, busy } = useCommand(CreateKeypairDocument, ({ result }) => result, "keypair:");
  const { draft, change, text, errors, rest } = useDraft(INITIAL, refusals, Object.keys(INITIAL));
  const isOpenpgp = draft.category === "GPG";
  const choose = (category: KeypairCategory) => {
    const known = algorithmsOf(category);
    const algorithm = known.find((each) => each === draft.algorithm) ?? known[0];
    change({ category, ...(algorithm && { algorithm }) });
  };
  const create = async () => {
    const { openpgpUserId, ...input } = draft;
    const payload = await run({ input: { ...input, ...(isOpenpgp && openpgpUserId && { openpgpUserId }) } });
    if (payload?.keypair) void navigate({ to: "/keypairs/$id", params: { id: payload.keypair.id } });
  };
  return (
    <FormDialog
      title={t.create}
      action={t.create}
      busy={busy}
      refusals={rest}
      onSubmit={create}
      onClose={onClose}
    >
      <TextInput label={t.alias} description={t.aliasHint} {...text("alias")} data-autofocus required />
      <ChoiceField
        label={t.type}
        description={t.typeHint}
        error={errors.type}
        value={draft.type}
        choices={RELEASE_TYPES}
        nameOf={(type) => word("types", type)}
        onChange={(type) => change({ type })}
      />
      <ChoiceField
        label={t.category}
        error={errors.category}
        value={draft.category}
        choices={CATEGORIES}
        nameOf={(category) => word("categories", category)}
        onChange={choose}
      />
      <ChoiceField
        label={t.algorithm}
        error={errors.algorithm}
        value={draft.algorithm}
        choices={algorithmsOf(draft.category)}
        onChange={(algorithm) => change({ algorithm })}
      />
      {isOpenpgp && (
        <TextInput label={t.openpgpUserId} description={t.openpgpUserIdHint} {...text("openpgpUserId")} />
      )}
      <TextInput label={t.backend} description={t.backendHint} {...text("backend")} required />
    </FormDialog>
  );
}
