import { Alert, FileInput, PasswordInput, Textarea } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { messages as common } from "@/ui/messages";
import type { KeypairDraft } from "./keypair-draft";
import { messages } from "./messages";

/** Whether a private key may leave the browser: nobody reads it on its way. */
export const canSendKeys = () => window.isSecureContext;

interface Props {
  draft: KeypairDraft;
  errors: Partial<Record<string, string>>;
  change: (changed: Partial<KeypairDraft>) => void;
}

/** The private key in a file, chosen or pasted, and what becomes of it. */
export function ImportFields({ draft: { file, pem, passphrase }, errors, change }: Props) {
  const t = useMessages(messages);
  const { remove } = useMessages(common);
  if (!canSendKeys()) return <Alert color="red">{t.insecure}</Alert>;
  return (
    <>
      <Alert color="gray">{t.importHint}</Alert>
      <FileInput
        label={t.file}
        description={t.fileHint}
        placeholder={t.chooseFile}
        accept=".pem,.key,.p8,.pk8,.p12,.pfx"
        error={pem === "" && errors.privateKeyFile}
        value={file}
        onChange={(chosen) => change({ file: chosen, pem: "" })}
        clearable
        clearButtonProps={{ "aria-label": remove(t.file) }}
      />
      <Textarea
        label={t.pasted}
        description={t.pastedHint}
        error={pem !== "" && errors.privateKeyFile}
        value={pem}
        onChange={({ currentTarget }) => change({ pem: currentTarget.value, file: null })}
        autosize
        minRows={3}
        maxRows={10}
        spellCheck={false}
        autoComplete="off"
      />
      <PasswordInput
        label={t.passphrase}
        description={t.passphraseHint}
        error={errors.passphrase}
        value={passphrase}
        onChange={({ currentTarget }) => change({ passphrase: currentTarget.value })}
        // Browsers offer to keep what is typed into a field of passwords, but for new ones of nobody.
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t.showPassphrase }}
      />
    </>
  );
}
