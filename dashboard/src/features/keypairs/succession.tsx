import { Alert, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { InstantField } from "@/ui/instant-field";
import { messages as common } from "@/ui/messages";
import { useDraft } from "@/ui/use-draft";
import {
  RenewKeypairDocument,
  RenewOpenpgpCertificateDocument,
  RetireKeypairDocument,
  type KeypairDetailFragment,
} from "./keypairs.generated";
import { Holder } from "./holder";
import { messages } from "./messages";

interface Props {
  keypair: KeypairDetailFragment;
  /** What the action is called. */
  action: string;
  onClose: () => void;
}

const RENEWAL = {
  alias: "",
  reason: "",
  openpgpExpiresAt: undefined as string | undefined,
};

/** The form that creates the successor of a keypair, which has a key of its own. */
export function RenewKeypair({ keypair, action, onClose }: Props) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  const navigate = useNavigate();
  const { run, refusals, busy } = useCommand(RenewKeypairDocument, ({ result }) => result, "keypair:");
  const { draft, change, text, errors, rest } = useDraft(RENEWAL, refusals, Object.keys(RENEWAL));
  const renew = async () => {
    const { alias, reason, openpgpExpiresAt } = draft;
    const input = { keypairId: keypair.id, alias, reason, ...(openpgpExpiresAt && { openpgpExpiresAt }) };
    const payload = await run({ input });
    if (payload?.keypair) void navigate({ to: "/keypairs/$id", params: { id: payload.keypair.id } });
  };
  return (
    <FormDialog
      title={of(action, keypair.alias)}
      action={action}
      busy={busy}
      refusals={rest}
      onSubmit={renew}
      onClose={onClose}
    >
      <Alert color="gray">{t.renewText}</Alert>
      <TextInput label={t.successorAlias} {...text("alias")} data-autofocus required />
      {keypair.category === "GPG" && (
        <InstantField
          label={t.openpgpExpiresAt}
          error={errors.openpgpExpiresAt}
          value={draft.openpgpExpiresAt}
          onChange={(openpgpExpiresAt) => change({ openpgpExpiresAt })}
        />
      )}
      <TextInput label={t.reason} description={t.reasonHint} {...text("reason")} required />
    </FormDialog>
  );
}

/** The form that retires a keypair for good. */
export function RetireKeypair({ keypair, action, onClose }: Props) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  const { heldBy } = keypair;
  const { run, refusals, busy } = useCommand(RetireKeypairDocument, ({ result }) => result, "keypair:");
  const { draft, text, rest } = useDraft({ reason: "" }, refusals, ["reason"]);
  const retire = async () => {
    if (await run({ input: { keypairId: keypair.id, ...draft } })) onClose();
  };
  return (
    <FormDialog
      title={of(action, keypair.alias)}
      action={action}
      busy={busy}
      refusals={rest}
      onSubmit={retire}
      onClose={onClose}
    >
      <Alert color="red">
        {t.retireText}{" "}
        {heldBy ? (
          <>
            {t.stops} <Holder release={heldBy} />.
          </>
        ) : (
          t.stopsHolder
        )}
      </Alert>
      <TextInput label={t.reason} description={t.reasonHint} {...text("reason")} data-autofocus required />
    </FormDialog>
  );
}

const CERTIFICATE = {
  userId: "",
  reason: "",
  expiresAt: undefined as string | undefined,
};

/** The form for what the OpenPGP certificate of a keypair says from now on. */
export function RenewOpenpgpCertificate({ keypair, action, onClose }: Props) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  const command = useCommand(RenewOpenpgpCertificateDocument, ({ result }) => result, "keypair:");
  const form = useDraft(CERTIFICATE, command.refusals, Object.keys(CERTIFICATE));
  const { draft, change, text, errors, rest } = form;
  const renew = async () => {
    const { userId, reason, expiresAt } = draft;
    const input = {
      keypairId: keypair.id,
      reason,
      ...(userId && { userId }),
      ...(expiresAt && { expiresAt }),
    };
    if (await command.run({ input })) onClose();
  };
  return (
    <FormDialog
      title={of(action, keypair.alias)}
      action={action}
      busy={command.busy}
      refusals={rest}
      onSubmit={renew}
      onClose={onClose}
    >
      <InstantField
        label={t.openpgpExpiresAt}
        error={errors.expiresAt}
        value={draft.expiresAt}
        onChange={(expiresAt) => change({ expiresAt })}
      />
      <TextInput label={t.openpgpUserId} description={t.userIdStays} {...text("userId")} />
      <TextInput label={t.reason} description={t.reasonHint} {...text("reason")} data-autofocus required />
    </FormDialog>
  );
}
