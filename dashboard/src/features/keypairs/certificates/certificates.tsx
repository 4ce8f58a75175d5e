import { Alert, Badge, Card, Group, Stack, Title } from "@mantine/core";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import type { SubjectAction } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { DownloadLink } from "@/ui/download-link";
import { Digits } from "@/ui/digits";
import { Facts } from "@/ui/facts";
import { Instant } from "@/ui/instant";
import { Empty, Section } from "@/ui/section";
import { AddCertificate } from "./add-certificate";
import { CertificateActions } from "./certificate-actions";
import { Certify } from "./certify";
import { Expiry } from "./expiry";
import type { CertificateDetailFragment, KeypairDetailFragment } from "../keypairs.generated";
import { messages } from "../messages";
import { RenewOpenpgpCertificate } from "../succession";

interface Props {
  keypair: KeypairDetailFragment;
}

/** The certificates of a keypair: which is given out with signatures, and until when each is valid. */
export function Certificates({ keypair }: Props) {
  const t = useMessages(messages);
  const certificates = keypair.certificates.edges.map(({ node }) => node);
  return (
    <Section title={t.certificates} aside={<Buttons keypair={keypair} />}>
      {certificates.length === 0 && (
        <Empty>{keypair.category === "GPG" ? t.openpgpForm : t.noCertificate}</Empty>
      )}
      {certificates.map((certificate) => (
        <CertificateCard key={certificate.id} keypair={keypair} certificate={certificate} />
      ))}
    </Section>
  );
}

const FORMS = {
  STANDARD: { CERTIFY: Certify, ADD_CERTIFICATE: AddCertificate },
  GPG: { RENEW_OPENPGP_CERTIFICATE: RenewOpenpgpCertificate },
};

/** What brings certificates to a keypair of its category. */
function Buttons({ keypair }: Props) {
  const word = useWords();
  const forms = Object.entries(FORMS[keypair.category]) as [SubjectAction, typeof Certify][];
  return (
    <Group gap="xs">
      {forms.map(([action, Form]) => (
        <DialogButton
          key={action}
          label={word("subjectActions", action)}
          compact
          refusal={refusalOf(keypair, action)}
        >
          {(close) => <Form keypair={keypair} action={word("subjectActions", action)} onClose={close} />}
        </DialogButton>
      ))}
    </Group>
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
