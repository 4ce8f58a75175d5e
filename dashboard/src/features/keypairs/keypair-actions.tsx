import { useState } from "react";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ActionButton } from "@/ui/action-button";
import { ButtonLink } from "@/ui/links";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { UpdateKeypairDocument, type KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";
import { refusalOf } from "@/graphql/refusal-of";

/** What can be done with the whole keypair: to see whether one can sign, and to switch it off and on. */
export function KeypairActions({ keypair }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const [asking, setAsking] = useState(false);
  const command = useCommand(UpdateKeypairDocument, ({ result }) => result, "keypair:");
  const { id, alias, enabled } = keypair;
  const action = enabled ? "DISABLE" : "ENABLE";
  const color = enabled ? "red" : "brand";
  const title = word("subjectActions", action);
  const confirm = async () => {
    if (await command.run({ input: { id, enabled: !enabled } })) setAsking(false);
  };
  return (
    <>
      <ButtonLink to="/can-i-sign" search={{ keypair: id }} variant="default">
        {t.canISign}
      </ButtonLink>
      <ActionButton
        label={title}
        color={color}
        refusal={refusalOf(keypair, action)}
        onClick={() => setAsking(true)}
      />
      {asking && (
        <ConfirmDialog
          action={title}
          what={alias}
          color={color}
          text={enabled ? t.disableText : t.enableText}
          command={command}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
