import { Anchor, Card, Code, Group, Stack, Text } from "@mantine/core";
import { BASE } from "@/graphql/client";
import { usePages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { Instant } from "@/ui/instant";
import { MoreButton, Paged } from "@/ui/paged";
import { Section } from "@/ui/section";
import { toHex } from "./digests";
import { messages } from "./messages";
import {
  ReleaseSignaturesDocument,
  type ReleaseQuery,
  type ReleaseSignaturesQuery,
} from "./release.generated";

type Edge = NonNullable<ReleaseSignaturesQuery["release"]>["signatures"]["edges"][number];

interface Props {
  id: string;
  used: number;
  manifests: Pick<ReleaseQuery, "json" | "sums">;
}

/** The signatures that count toward a release: what was signed, by whom, for what. */
export function Signatures({ id, used, manifests }: Props) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const pages = usePages(ReleaseSignaturesDocument, { id }, ({ release }) => release?.signatures ?? null, [
    "signature:",
    "release:",
  ]);
  return (
    <Section title={`${t.signatures} ${number(used)}`} aside={used > 0 && <Manifests {...manifests} />}>
      <Paged pages={pages} empty={t.noSignatures} skeletonRows={1}>
        {(signatures) => (
          <Card withBorder>
            <Stack gap="sm">
              {signatures.map((signature) => (
                <SignatureRow key={signature.id} signature={signature} />
              ))}
            </Stack>
          </Card>
        )}
      </Paged>
      <MoreButton pages={pages} />
    </Section>
  );
}

function SignatureRow({ signature }: { signature: Edge["node"] }) {
  const { number } = useFormats();
  const { createdAt, signer, keypair, artifact, context, digest, digestAlgorithm } = signature;
  return (
    <div>
      <Group gap="xs">
        <Text fw={600}>{artifact?.name ?? keypair.alias}</Text>
        <Text size="sm" c="dimmed">
          {keypair.alias} · {signer.name} · <Instant at={createdAt} />
          {artifact?.size != null && ` · ${number(artifact.size)} B`}
        </Text>
      </Group>
      <Code style={{ overflowWrap: "anywhere" }}>{`${digestAlgorithm} ${toHex(digest)}`}</Code>
      {context.length > 0 && (
        <Text size="sm" c="dimmed">
          {context.map(({ name, value }) => `${name}: ${value}`).join(" · ")}
        </Text>
      )}
    </div>
  );
}

function Manifests({ json, sums }: Props["manifests"]) {
  const t = useMessages(messages);
  const href = (path: string) => new URL(path.replace(/^\//, ""), BASE).href;
  return (
    <Group gap="sm">
      {json && (
        <Anchor href={href(json.downloadPath)} download>
          {t.manifest} (JSON)
        </Anchor>
      )}
      {sums && (
        <Anchor href={href(sums.downloadPath)} download>
          {t.manifestSums}
        </Anchor>
      )}
    </Group>
  );
}
