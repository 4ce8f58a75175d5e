import { TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useWords } from "@/app/session";
import { RELEASE_TYPES } from "@/graphql/enum-values";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { ChoiceField } from "@/ui/choice-field";
import { FormDialog } from "@/ui/form-dialog";
import { InstantField } from "@/ui/instant-field";
import { useDraft } from "@/ui/use-draft";
import { messages as keypairMessages } from "../messages";
import { AccessFields } from "./access-fields";
import { canSendKeys, ImportFields } from "./import-fields";
import { KeyFields } from "./key-fields";
import { keyFileOf } from "./key-file";
import { adoptInput, createInput, EMPTY_KEYPAIR, importInput, type KeypairDraft } from "./keypair-draft";
import {
  AdoptKeypairDocument,
  CreateKeypairDocument,
  ImportKeypairDocument,
  SignersDocument,
  type SignerFactsFragment,
} from "./keypair-forms.generated";
import { messages } from "./messages";
import { KEY_SOURCES, offered, signersWith, type KeySource } from "./signers";

const FIELDS = [...Object.keys(EMPTY_KEYPAIR), "userIds", "privateKeyFile"];
const FIELD_NAMES = { users: "userIds", file: "privateKeyFile", pem: "privateKeyFile" };

/** The form for a new keypair, whose private key its signer makes, takes from a file, or has already. */
export function NewKeypair({ onClose }: { onClose: () => void }) {
  const { data } = useLiveQuery({ query: SignersDocument }, []);
  if (!data?.signers) return null;
  return <KeypairForm signers={data.signers} onClose={onClose} />;
}

interface Props {
  signers: readonly SignerFactsFragment[];
  onClose: () => void;
}

function KeypairForm({ signers, onClose }: Props) {
  const t = useMessages(messages);
  const { create } = useMessages(keypairMessages);
  const navigate = useNavigate();
  const sources = KEY_SOURCES.filter((each) => signersWith(signers, each).length > 0);
  const [source, setSource] = useState<KeySource>(sources[0] ?? "GENERATE");
  const commands = useKeypairCommands();
  const { refusals, busy, run } = commands[source];
  const initial = { ...EMPTY_KEYPAIR, ...offered(signers, source, EMPTY_KEYPAIR) };
  const form = useDraft(initial, refusals, FIELDS, FIELD_NAMES);
  const { draft, change, rest } = form;
  const choose = (chosen: KeySource) => {
    setSource(chosen);
    change({ ...offered(signers, chosen, draft), passphrase: "" });
  };
  const submit = async () => {
    const keypair = await run(draft);
    // It is typed again where something was refused: nothing keeps it.
    change({ passphrase: "" });
    if (keypair) void navigate({ to: "/keypairs/$id", params: { id: keypair.id } });
  };
  return (
    <FormDialog
      title={create}
      action={t.submit[source]}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      {sources.length > 1 && (
        <ChoiceField
          label={t.source}
          value={source}
          choices={sources}
          nameOf={(each) => t.sources[each]}
          onChange={choose}
        />
      )}
      <IdentityFields {...form} />
      <KeyFields {...form} signers={signers} source={source} />
      {source === "IMPORT" && <ImportFields {...form} />}
      {source === "GENERATE" && draft.category === "GPG" && <OpenpgpFields {...form} />}
      <AccessFields {...form} />
    </FormDialog>
  );
}

type Form = ReturnType<typeof useDraft<KeypairDraft>>;

function IdentityFields({ draft, text, errors, change }: Form) {
  const t = useMessages(messages);
  const { alias, type } = useMessages(keypairMessages);
  const word = useWords();
  return (
    <>
      <TextInput label={alias} description={t.aliasHint} {...text("alias")} data-autofocus required />
      <ChoiceField
        label={type}
        description={t.typeHint}
        error={errors.type}
        value={draft.type}
        choices={RELEASE_TYPES}
        nameOf={(each) => word("types", each)}
        onChange={(chosen) => change({ type: chosen })}
      />
    </>
  );
}

function OpenpgpFields({ draft, text, errors, change }: Form) {
  const t = useMessages(messages);
  const { openpgpUserId, openpgpExpiresAt } = useMessages(keypairMessages);
  return (
    <>
      <TextInput label={openpgpUserId} description={t.openpgpUserIdHint} {...text("openpgpUserId")} />
      <InstantField
        label={openpgpExpiresAt}
        error={errors.openpgpExpiresAt}
        value={draft.openpgpExpiresAt}
        onChange={(instant) => change({ openpgpExpiresAt: instant })}
      />
    </>
  );
}

/** By the source of the key, how a keypair is made; it answers the keypair, or nothing if that was refused. */
function useKeypairCommands() {
  const creating = useCommand(CreateKeypairDocument, ({ result }) => result, "keypair:");
  const importing = useCommand(ImportKeypairDocument, ({ result }) => result, "keypair:");
  const adopting = useCommand(AdoptKeypairDocument, ({ result }) => result, "keypair:");
  return {
    GENERATE: {
      ...creating,
      run: async (draft: KeypairDraft) => (await creating.run({ input: createInput(draft) }))?.keypair,
    },
    IMPORT: {
      ...importing,
      run: async (draft: KeypairDraft) => {
        if (!canSendKeys()) return null;
        const input = importInput(draft, await keyFileOf(draft));
        return (await importing.run({ input }))?.keypair;
      },
    },
    ADOPT: {
      ...adopting,
      run: async (draft: KeypairDraft) => (await adopting.run({ input: adoptInput(draft) }))?.keypair,
    },
  };
}
