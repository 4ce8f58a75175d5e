import { Group } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ActionButton } from "@/ui/action-button";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import {
  RemoveCertificateDocument,
  SetDefaultCertificateDocument,
  type CertificateDetailFragment,
  type KeypairDetailFragment,
} from "../keypairs.generated";
import { messages } from "../messages";
import { refusalOf } from "@/graphql/refusal";

interface Props {
  keypair: KeypairDetailFragment;
  certificate: CertificateDetailFragment;
}

/** What can be done with one certificate: to make it the default, and to remove it. */
export function CertificateActions({ keypair, certificate }: Props) {
  const t = useMessages(messages);
  const word = useWords();
  const [asking, setAsking] = useState<"SET_DEFAULT" | "REMOVE" | null>(null);
  const setDefault = useCommand(SetDefaultCertificateDocument, ({ result }) => result, "keypair:");
  const remove = useCommand(RemoveCertificateDocument, ({ result }) => result, "keypair:");
  const actions = [
    { action: "SET_DEFAULT", command: setDefault, text: t.defaultText, color: "brand" },
    { action: "REMOVE", command: remove, text: t.removeText, color: "red" },
  ] as const;
  const shown = actions.filter(({ action }) => action === "REMOVE" || !certificate.isDefault);
  const chosen = actions.find(({ action }) => action === asking);
  const confirm = async () => {
    const input = { keypairId: keypair.id, certificateId: certificate.id };
    if (await chosen?.command.run({ input })) setAsking(null);
  };
  return (
    <Group gap="xs">
      {shown.map(({ action, color }) => (
        <ActionButton
          key={action}
          label={word("subjectActions", action)}
          compact
          color={color}
          refusal={refusalOf(certificate, action)}
          onClick={() => setAsking(action)}
        />
      ))}
      {chosen && (
        <ConfirmDialog
          {...chosen}
          action={word("subjectActions", chosen.action)}
          what={certificate.subject}
          onConfirm={confirm}
          onClose={() => setAsking(null)}
        />
      )}
    </Group>
  );
}
