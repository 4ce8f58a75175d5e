import { Card, Group, Stack, Text } from "@mantine/core";
import { useMessages } from "@/i18n/locale";
import { DownloadLink } from "@/ui/download-link";
import { Digits } from "@/ui/digits";
import { Facts } from "@/ui/facts";
import { Section } from "@/ui/section";
import type { KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";

/** The public key with its fingerprints, and files of each form that it has. */
export function PublicKey({ keypair: { alias, publicKey } }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const { pem, der, jwk, ssh, openpgp, fingerprint, sshFingerprint } = publicKey;
  const jwkText = jwk ? JSON.stringify(jwk, null, 2) : null;
  const texts = [
    ["PEM", `${alias}.pem`, pem],
    ["JWK", `${alias}.jwk.json`, jwkText],
    ["OpenSSH", `${alias}.pub`, ssh],
    ["OpenPGP", `${alias}.asc`, openpgp],
  ] as const;
  return (
    <Section title={t.publicKey}>
      <Card withBorder>
        <Stack gap="sm">
          <Facts
            facts={[
              [t.fingerprint, <Digits key="fingerprint">{fingerprint}</Digits>],
              [t.sshFingerprint, sshFingerprint && <Digits key="ssh">{sshFingerprint}</Digits>],
            ]}
          />
          <Group gap="md">
            <Text size="sm">{t.download}</Text>
            {texts.map(
              ([form, file, text]) =>
                text && (
                  <DownloadLink key={form} file={file} text={text}>
                    {form}
                  </DownloadLink>
                ),
            )}
            {der && (
              <DownloadLink file={`${alias}.der`} base64={der}>
                DER
              </DownloadLink>
            )}
          </Group>
        </Stack>
      </Card>
    </Section>
  );
}
