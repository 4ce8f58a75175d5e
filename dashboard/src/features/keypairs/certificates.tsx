import { Alert, Badge, Card, Group, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { useNow } from "@/app/clock";
import { useWords } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { ActionButton } from "@/ui/action-button";
import { DownloadLink } from "@/ui/download-link";
import { Digits } from "@/ui/digits";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { Empty, Section } from "@/ui/section";
import { AddCertificate } from "./add-certificate";
import { CertificateActions } from "./certificate-actions";
import { Certify } from "./certify";
import type { CertificateDetailFragment, KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";
import { refusalOf } from "@/graphql/refusal-of";

interface Props {
  keypair: KeypairDetailFragment;
}

/** The certificates of a keypair: which is given out with signatures, and until when each is valid. */
export function Certificates({ keypair }: Props) {
  const t = useMessages(messages);
  const [open, setOpen] = useState<"ADD_CERTIFICATE" | "CERTIFY" | null>(null);
  const word = useWords();
  const certificates = keypair.certificates.edges.map(({ node }) => node);
  // The OpenPGP certificate of a keypair is one of the forms of its public key.
  if (keypair.category === "GPG" && certificates.length === 0) return null;
  const buttons = (
    <Group gap="xs">
      {(["CERTIFY", "ADD_CERTIFICATE"] as const).map((action) => (
        <ActionButton
          key={action}
          label={word("subjectActions", action)}
          compact
          refusal={refusalOf(keypair, action)}
          onClick={() => setOpen(action)}
        />
      ))}
    </Group>
  );
  const dialog = open && { keypair, action: word("subjectActions", open), onClose: () => setOpen(null) };
  return (
    <Section title={t.certificates} aside={buttons}>
      {certificates.length === 0 && <Empty>{t.noCertificate}</Empty>}
      {certificates.map((certificate) => (
        <CertificateCard key={certificate.id} keypair={keypair} certificate={certificate} />
      ))}
      {dialog && (open === "CERTIFY" ? <Certify {...dialog} /> : <AddCertificate {...dialog} />)}
    </Section>
  );
}

function CertificateCard({ keypair, certificate }: Props & { certificate: CertificateDetailFragment }) {
  const t = useMessages(messages);
  const { subject, isDefault, issuer, serialNumber, fingerprint, validFrom, warnings } = certificate;
  return (
    <Card withBorder component="article">
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="xs">
            <Title order={3} fz="md" style={{ overflowWrap: "anywhere" }}>
              {subject}
            </Title>
            {isDefault && (
              <Badge variant="default" tt="none">
                {t.isDefault}
              </Badge>
            )}
          </Group>
          <CertificateActions keypair={keypair} certificate={certificate} />
        </Group>
        {warnings.length > 0 && (
          <Alert color="orange" p="xs" role="note">
            {warnings.map((warning) => (
              <div key={warning}>{t.warnings[warning]}</div>
            ))}
          </Alert>
        )}
        <Facts
          facts={[
            [t.expiresAt, <Expiry key="expiry" at={certificate.expiresAt} />],
            [t.validFrom, <Instant key="from" at={validFrom} />],
            [t.issuer, issuer],
            [t.serialNumber, serialNumber && <Digits key="serial">{serialNumber}</Digits>],
            [t.fingerprint, <Digits key="fingerprint">{fingerprint}</Digits>],
          ]}
        />
        <Files alias={keypair.alias} certificate={certificate} />
      </Stack>
    </Card>
  );
}

/** When a certificate expires, and how long that still is. */
function Expiry({ at }: { at: string | null }) {
  const t = useMessages(messages);
  const { duration } = useFormats();
  const now = useNow();
  if (!at) return t.never;
  const left = Date.parse(at) - now;
  return (
    <>
      <Instant at={at} /> ({left > 0 ? t.expiresIn(duration(left)) : t.expired})
    </>
  );
}

function Files({ alias, certificate }: { alias: string; certificate: CertificateDetailFragment }) {
  const t = useMessages(messages);
  const { pem, chainPem, openpgp } = certificate;
  return (
    <Group gap="md">
      {pem && (
        <DownloadLink file={`${alias}.crt.pem`} text={pem}>
          PEM
        </DownloadLink>
      )}
      {chainPem && (
        <DownloadLink file={`${alias}.chain.pem`} text={chainPem}>
          {t.chain}
        </DownloadLink>
      )}
      {openpgp && (
        <DownloadLink file={`${alias}.asc`} text={openpgp}>
          OpenPGP
        </DownloadLink>
      )}
    </Group>
  );
}
