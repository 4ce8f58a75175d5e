import { Anchor, Card, Code, Group, Stack, Text } from "@mantine/core";
import { BASE } from "@/graphql/client";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Instant } from "@/ui/instant";
import { QueryState } from "@/ui/query-state";
import { Empty, Section } from "@/ui/section";
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
  manifests: Pick<ReleaseQuery, "json" | "sums">;
}

/** The signatures that count toward a release: what was signed, by whom, for what. */
export function Signatures({ id, manifests }: Props) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const state = useLiveQuery({ query: ReleaseSignaturesDocument, variables: { id } }, [
    "signature:",
    "release:",
  ]);
  const signatures = state.data?.release?.signatures;
  const total = signatures?.totalCount ?? 0;
  const shown = signatures?.edges.length ?? 0;
  return (
    <Section title={`${t.signatures} ${number(total)}`} aside={total > 0 && <Manifests {...manifests} />}>
      <QueryState state={state} rows={1}>
        {() =>
          signatures && shown > 0 ? (
            <Card withBorder>
              <Stack gap="sm">
                {signatures.edges.map(({ node }) => (
                  <SignatureRow key={node.id} signature={node} />
                ))}
                {shown < total && <Text c="dimmed">{t.shown(shown, total)}</Text>}
              </Stack>
            </Card>
          ) : (
            <Empty>{t.noSignatures}</Empty>
          )
        }
      </QueryState>
    </Section>
  );
}

function SignatureRow({ signature }: { signature: Edge["node"] }) {
  const { createdAt, signer, keypair, artifact, context, digest, digestAlgorithm } = signature;
  return (
    <div>
      <Group gap="xs">
        <Text fw={600}>{artifact?.name ?? keypair.alias}</Text>
        <Text size="sm" c="dimmed">
          {keypair.alias} · {signer.name} · <Instant at={createdAt} />
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
