import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { ButtonLink } from "@/ui/links";
import { UpdateKeypairDocument, type KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";

/** What can be done with the whole keypair: to see whether one can sign, and to switch it off and on. */
export function KeypairActions({ keypair }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const command = useCommand(UpdateKeypairDocument, ({ result }) => result, "keypair:");
  const { id, alias, enabled } = keypair;
  return (
    <>
      <ButtonLink to="/can-i-sign" search={{ keypair: id }} variant="default">
        {t.canISign}
      </ButtonLink>
      <ConfirmedAction
        subject={keypair}
        action={enabled ? "DISABLE" : "ENABLE"}
        what={alias}
        color={enabled ? "red" : "brand"}
        text={enabled ? t.disableText : t.enableText}
        command={command}
        onConfirm={() => command.run({ input: { id, enabled: !enabled } })}
      />
    </>
  );
}
