import { NativeSelect, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useWords } from "@/app/session";
import { byField } from "@/graphql/by-field";
import type { KeypairAlgorithm, KeypairCategory, ReleaseType } from "@/graphql/schema.generated";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { ALGORITHMS, algorithmsOf, CATEGORIES, TYPES } from "./algorithms";
import { CreateKeypairDocument } from "./keypairs.generated";
import { messages } from "./messages";

const FIELDS = ["alias", "type", "category", "algorithm", "backend", "openpgpUserId"] as const;

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
  const [draft, setDraft] = useState(INITIAL);
  const { run, refusals, busy } = useCommand(CreateKeypairDocument, ({ result }) => result, "keypair:");
  const { fields: errors, rest } = byField(refusals, FIELDS);
  const change = (one: Partial<Draft>) => setDraft((before) => ({ ...before, ...one }));
  const isOpenpgp = draft.category === "GPG";
  const create = async () => {
    const { openpgpUserId, ...input } = draft;
    const payload = await run({ input: { ...input, ...(isOpenpgp && openpgpUserId && { openpgpUserId }) } });
    if (payload?.keypair) void navigate({ to: "/keypairs/$id", params: { id: payload.keypair.id } });
  };
  const text = (name: "alias" | "backend" | "openpgpUserId") => ({
    error: errors[name],
    value: draft[name],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      change({ [name]: currentTarget.value }),
  });
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
      <NativeSelect
        label={t.type}
        description={t.typeHint}
        error={errors.type}
        value={draft.type}
        data={TYPES.map((value) => ({ value, label: word("types", value) }))}
        onChange={({ currentTarget }) => change({ type: knownIn(TYPES, currentTarget.value) })}
      />
      <NativeSelect
        label={t.category}
        error={errors.category}
        value={draft.category}
        data={CATEGORIES.map((value) => ({ value, label: word("categories", value) }))}
        onChange={({ currentTarget }) => {
          const category = knownIn(CATEGORIES, currentTarget.value);
          const [first] = algorithmsOf(category);
          const fits = algorithmsOf(category).includes(draft.algorithm);
          change({ category, ...(!fits && first && { algorithm: first }) });
        }}
      />
      <NativeSelect
        label={t.algorithm}
        error={errors.algorithm}
        value={draft.algorithm}
        data={algorithmsOf(draft.category)}
        onChange={({ currentTarget }) => change({ algorithm: knownIn(ALGORITHMS, currentTarget.value) })}
      />
      {isOpenpgp && (
        <TextInput label={t.openpgpUserId} description={t.openpgpUserIdHint} {...text("openpgpUserId")} />
      )}
      <TextInput label={t.backend} description={t.backendHint} {...text("backend")} required />
    </FormDialog>
  );
}

/** Returns which of the choices of a field was chosen. */
function knownIn<Value extends string>(values: readonly Value[], chosen: string): Value {
  const known = values.find((value) => value === chosen);
  if (known === undefined) throw new Error(`${chosen} is none of the choices`);
  return known;
}
