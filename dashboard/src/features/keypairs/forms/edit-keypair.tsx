import { TextInput } from "@mantine/core";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { useDraft } from "@/ui/use-draft";
import { UpdateKeypairDocument, type KeypairDetailFragment } from "../keypairs.generated";
import { messages as keypairMessages } from "../messages";
import { AccessField } from "./access-fields";
import { messages } from "./messages";

const FIELDS = ["alias", "access"];

interface Props {
  keypair: KeypairDetailFragment;
  onClose: () => void;
}

/** The form for the name of a keypair and the rule of who may use it; who is assigned is edited on its page. */
export function EditKeypair({ keypair: { id, alias, access }, onClose }: Props) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const { alias: label, edit } = useMessages(keypairMessages);
  const { run, refusals, busy } = useCommand(UpdateKeypairDocument, ({ result }) => result, "keypair:");
  const { draft, text, rest, ...form } = useDraft({ alias, access }, refusals, FIELDS);
  const submit = async () => {
    if (await run({ input: { id, ...draft } })) onClose();
  };
  return (
    <FormDialog
      title={of(edit, alias)}
      action={save}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput label={label} description={t.aliasHint} {...text("alias")} data-autofocus required />
      <AccessField access={draft.access} {...form} />
    </FormDialog>
  );
}
