import { Alert, Card, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/app/session";
import { RefusedActions } from "@/features/release-actions/refused-actions";
import { ReleaseActions } from "@/features/release-actions/release-actions";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Countdown } from "@/ui/countdown";
import { TimeSpan } from "@/ui/instant";
import { ButtonLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { Quota } from "@/ui/quota";
import { QueryState } from "@/ui/query-state";
import { Empty } from "@/ui/section";
import { Approvals } from "./approvals";
import { ClientCommand } from "./client-command";
import { Deliveries } from "./deliveries";
import { Differences } from "./differences";
import { History } from "./history";
import { LifecycleSteps } from "./lifecycle-steps";
import { messages } from "./messages";
import { ReleaseDocument, type ReleaseDetailFragment, type ReleaseQuery } from "./release.generated";
import { ReleaseFacts } from "./release-facts";
import { Signatures } from "./signatures";

const route = getRouteApi("/releases/$id");

/** One release: where it stands, what was asked for, who decided, what it signed, and what can be done. */
export function ReleasePage(): ReactNode {
  const t = useMessages(messages);
  const { id } = route.useParams();
  const state = useLiveQuery({ query: ReleaseDocument, variables: { id } }, [
    "release:",
    "keypair:",
    "user:",
  ]);
  return (
    <QueryState state={state} rows={8}>
      {({ release, ...manifests }) =>
        release ? (
          <Detail key={release.id} release={release} manifests={manifests} />
        ) : (
          <Page title={t.missing}>
            <Empty action={<ButtonLink to="/releases">{t.toList}</ButtonLink>}>{t.missing}</Empty>
          </Page>
        )
      }
    </QueryState>
  );
}

interface DetailProps {
  release: ReleaseDetailFragment;
  manifests: Pick<ReleaseQuery, "json" | "sums">;
}

function Detail({ release, manifests }: DetailProps) {
  return (
    <Page
      title={[release.name, release.version].filter(Boolean).join(" ")}
      actions={<Actions release={release} />}
    >
      <Card withBorder>
        <Stack>
          <Group justify="space-between">
            <LifecycleSteps release={release} />
            <Quota used={release.signaturesUsed} maximum={release.maxSignatures} />
          </Group>
          <Group gap="sm">
            <Text>
              <TimeSpan from={release.startsAt} until={release.endsAt} />
            </Text>
            <Text fw={600}>
              <Countdown release={release} />
            </Text>
          </Group>
          {release.endReason && <Ending reason={release.endReason} />}
          <RefusedActions release={release} />
        </Stack>
      </Card>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <ReleaseFacts release={release} />
        <Approvals release={release} />
      </SimpleGrid>
      <Differences release={release} />
      <ClientCommand release={release} />
      <Signatures id={release.id} used={release.signaturesUsed} manifests={manifests} />
      <History id={release.id} />
      <Deliveries id={release.id} />
    </Page>
  );
}

function Ending({ reason }: { reason: string }) {
  const t = useMessages(messages);
  return (
    <Alert color="gray" title={t.ended}>
      {reason}
    </Alert>
  );
}

function Actions({ release }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  const { can } = useSession();
  const update = release.availableActions.find(({ action }) => action === "UPDATE");
  return (
    <>
      <ReleaseActions release={release} />
      {update?.allowed && (
        <ButtonLink to="/request" search={{ edit: release.id }} variant="default">
          {t.edit}
        </ButtonLink>
      )}
      {can("REQUEST_RELEASE") && (
        <ButtonLink to="/request" search={{ copy: release.id }} variant="default">
          {t.copy}
        </ButtonLink>
      )}
    </>
  );
}
