import { Checkbox, Textarea } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { AddCertificateDocument, type KeypairDetailFragment } from "../keypairs.generated";
import { messages } from "../messages";

interface Props {
  keypair: KeypairDetailFragment;
  action: string;
  onClose: () => void;
}

/** The form for a certificate that an authority issued for the keypair's public key. */
export function AddCertificate({ keypair: { id, alias }, action, onClose }: Props) {
  const t = useMessages(messages);
  const [chain, setChain] = useState("");
  const [makeDefault, setMakeDefault] = useState(true);
  const command = useCommand(AddCertificateDocument, ({ result }) => result, "keypair:");
  const confirm = async () => {
    if (await command.run({ input: { keypairId: id, chain, makeDefault } })) onClose();
  };
  return (
    <ConfirmDialog action={action} what={alias} command={command} onConfirm={confirm} onClose={onClose}>
      <Textarea
        label={t.pem}
        description={t.pemHint}
        value={chain}
        onChange={({ currentTarget }) => setChain(currentTarget.value)}
        autosize
        minRows={6}
        maxRows={16}
        spellCheck={false}
        data-autofocus
        required
      />
      <Checkbox
        label={t.makeDefault}
        checked={makeDefault}
        onChange={({ currentTarget }) => setMakeDefault(currentTarget.checked)}
      />
    </ConfirmDialog>
  );
}
