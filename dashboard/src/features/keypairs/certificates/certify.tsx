import { Button, Code, Group, NumberInput, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { CopyTextButton } from "@/ui/copy-text-button";
import { Dialog } from "@/ui/dialog";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { useDraft } from "@/ui/use-draft";
import {
  IssueCertificateDocument,
  RequestCertificateDocument,
  type KeypairDetailFragment,
} from "../keypairs.generated";
import { messages } from "../messages";

const FIELDS = ["subject", "reason", "days"] as const;

interface Props {
  keypair: KeypairDetailFragment;
  action: string;
  onClose: () => void;
}

/** The form by which a keypair signs a certificate request, for an authority, or a certificate of its own. */
export function Certify({ keypair, action, onClose }: Props) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  const initial = {
    subject: `CN=${keypair.alias}`,
    reason: "",
    days: 365,
  };
  const [request, setRequest] = useState<string | null>(null);
  const asking = useCommand(RequestCertificateDocument, ({ result }) => result, "keypair:");
  const issuing = useCommand(IssueCertificateDocument, ({ result }) => result, "keypair:");
  const [form, setForm] = useState("REQUEST");
  const isRequest = form === "REQUEST";
  const { refusals, busy } = isRequest ? asking : issuing;
  const { draft, change, text, errors, rest } = useDraft(initial, refusals, FIELDS);
  const submit = async () => {
    const { subject, reason, days } = draft;
    const input = { keypairId: keypair.id, subject, reason };
    if (isRequest) {
      setRequest((await asking.run({ input }))?.requestPem ?? null);
    } else if (await issuing.run({ input: { ...input, days } })) {
      notifications.show({ message: t.issued });
      onClose();
    }
  };
  if (request !== null) return <CertificateRequest pem={request} onClose={onClose} />;
  return (
    <FormDialog
      title={of(action, keypair.alias)}
      action={isRequest ? t.makeRequest : t.issue}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <SegmentedControl
        aria-label={t.certifyForm}
        value={form}
        data={[
          { value: "REQUEST", label: t.certificateRequest },
          { value: "SELF_SIGNED", label: t.selfSigned },
        ]}
        onChange={setForm}
      />
      <TextInput label={t.subject} description={t.subjectHint} {...text("subject")} required />
      <TextInput label={t.reason} description={t.reasonHint} {...text("reason")} data-autofocus required />
      {!isRequest && (
        <NumberInput
          label={t.days}
          error={errors.days}
          min={1}
          allowDecimal={false}
          value={draft.days}
          onChange={(value) => change({ days: Number(value) })}
        />
      )}
    </FormDialog>
  );
}

/** The request, to be given to an authority; it is stored nowhere. */
function CertificateRequest({ pem, onClose }: { pem: string; onClose: () => void }) {
  const t = useMessages(messages);
  const { done } = useMessages(common);
  return (
    <Dialog title={t.certificateRequest} onClose={onClose}>
      <Stack>
        {t.requestHint}
        <Code block tabIndex={0}>
          {pem}
        </Code>
        <Group justify="flex-end">
          <CopyTextButton text={pem} />
          <Button onClick={onClose}>{done}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
