import { TextInput } from "@mantine/core";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { useDraft } from "@/ui/use-draft";
import { UpdateKeypairDocument } from "../keypairs.generated";
import { messages as keypairMessages } from "../messages";
import { AccessFields } from "./access-fields";
import { draftOf, updateInput } from "./keypair-draft";
import { KeypairToEditDocument, type KeypairToEditQuery } from "./keypair-forms.generated";
import { messages } from "./messages";

const FIELDS = ["alias", "access", "userIds"];
const FIELD_NAMES = { users: "userIds" };

/** The form for the name of a keypair and who may use it, which begins with what the server has now. */
export function EditKeypair({ id, onClose }: { id: string; onClose: () => void }) {
  const query = { query: KeypairToEditDocument, variables: { id }, requestPolicy: "network-only" as const };
  const { data } = useLiveQuery(query, []);
  if (!data?.keypair) return null;
  return <EditForm keypair={data.keypair} onClose={onClose} />;
}

interface Props {
  keypair: NonNullable<KeypairToEditQuery["keypair"]>;
  onClose: () => void;
}

function EditForm({ keypair, onClose }: Props) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const { alias, edit } = useMessages(keypairMessages);
  const { run, refusals, busy } = useCommand(UpdateKeypairDocument, ({ result }) => result, "keypair:");
  const form = useDraft(draftOf(keypair), refusals, FIELDS, FIELD_NAMES);
  const submit = async () => {
    if (await run({ input: { id: keypair.id, ...updateInput(form.draft) } })) onClose();
  };
  return (
    <FormDialog
      title={of(edit, keypair.alias)}
      action={save}
      busy={busy}
      refusals={form.rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput label={alias} description={t.aliasHint} {...form.text("alias")} data-autofocus required />
      <AccessFields {...form} />
    </FormDialog>
  );
}
