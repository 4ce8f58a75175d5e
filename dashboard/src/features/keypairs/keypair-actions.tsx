import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { DialogButton } from "@/ui/dialog-button";
import { ButtonLink } from "@/ui/links";
import { EditKeypair } from "./forms/edit-keypair";
import { RenewKeypair, RetireKeypair } from "./succession";
import { UpdateKeypairDocument, type KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";

/** What can be done with the whole keypair: to see whether one can sign, to edit, renew or retire it, and to switch it off and on. */
export function KeypairActions({ keypair }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const command = useCommand(UpdateKeypairDocument, ({ result }) => result, "keypair:");
  const { id, alias, enabled, heldBy } = keypair;
  return (
    <>
      <ButtonLink to="/can-i-sign" search={{ keypair: id }} variant="default">
        {t.canISign}
      </ButtonLink>
      <DialogButton label={t.edit} refusal={refusalOf(keypair, "UPDATE")}>
        {(close) => <EditKeypair keypair={keypair} onClose={close} />}
      </DialogButton>
      <DialogButton label={word("subjectActions", "RENEW")} refusal={refusalOf(keypair, "RENEW")}>
        {(close) => (
          <RenewKeypair keypair={keypair} action={word("subjectActions", "RENEW")} onClose={close} />
        )}
      </DialogButton>
      <DialogButton
        label={word("subjectActions", "RETIRE")}
        color="red"
        refusal={refusalOf(keypair, "RETIRE")}
      >
        {(close) => (
          <RetireKeypair keypair={keypair} action={word("subjectActions", "RETIRE")} onClose={close} />
        )}
      </DialogButton>
      <ConfirmedAction
        subject={keypair}
        action={enabled ? "DISABLE" : "ENABLE"}
        what={alias}
        color={enabled ? "red" : "brand"}
        text={enabled ? t.disableText(heldBy?.name) : t.enableText}
        command={command}
        onConfirm={() => command.run({ input: { id, enabled: !enabled } })}
      />
    </>
  );
}
