import { useState } from "react";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { DialogButton } from "@/ui/dialog-button";
import { SecretDialog } from "@/ui/secret-dialog";
import { messages } from "./messages";
import { EditWebhook } from "./webhook-form";
import {
  RotateWebhookSecretDocument,
  SendTestWebhookDocument,
  UpdateWebhookDocument,
  type WebhookDetailFragment,
} from "./webhooks.generated";

/** What can be done with a webhook: edit it, test it, give it a new secret, switch it off and on. */
export function WebhookActions({ webhook }: { webhook: WebhookDetailFragment }) {
  const t = useMessages(messages);
  const update = useCommand(UpdateWebhookDocument, ({ result }) => result, "webhook:");
  const test = useCommand(SendTestWebhookDocument, ({ result }) => result, "webhook:");
  const { id, name, active } = webhook;
  const toggle = active ? "DISABLE" : "ENABLE";
  return (
    <>
      <DialogButton label={t.edit} compact refusal={refusalOf(webhook, "UPDATE")}>
        {(close) => <EditWebhook webhook={webhook} onClose={close} />}
      </DialogButton>
      <ConfirmedAction
        subject={webhook}
        action="SEND_TEST"
        what={name}
        compact
        text={t.SEND_TEST}
        command={test}
        onConfirm={() => test.run({ input: { id } })}
      />
      <RotateSecret webhook={webhook} />
      <ConfirmedAction
        subject={webhook}
        action={toggle}
        what={name}
        color={active ? "red" : "brand"}
        compact
        text={t[toggle]}
        command={update}
        onConfirm={() => update.run({ input: { id, active: !active } })}
      />
    </>
  );
}

function RotateSecret({ webhook: { id, ...webhook } }: { webhook: WebhookDetailFragment }) {
  const t = useMessages(messages);
  const [secret, setSecret] = useState<string | null>(null);
  const command = useCommand(RotateWebhookSecretDocument, ({ result }) => result, "webhook:");
  const rotate = async () => {
    const payload = await command.run({ input: { id } });
    if (payload?.secret) setSecret(payload.secret);
    return payload;
  };
  return (
    <>
      <ConfirmedAction
        subject={webhook}
        action="ROTATE_SECRET"
        what={webhook.name}
        compact
        text={t.ROTATE_SECRET}
        command={command}
        onConfirm={rotate}
      />
      {secret !== null && (
        <SecretDialog title={t.secret} hint={t.secretHint} secret={secret} onClose={() => setSecret(null)} />
      )}
    </>
  );
}
