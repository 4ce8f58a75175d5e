import { Card, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useMessages } from "@/i18n/locale";
import { Instant } from "@/ui/instant";
import { Section } from "@/ui/section";
import { messages } from "./messages";
import type { ReleaseDetailFragment } from "./release.generated";

/** Beside a long text an icon keeps its size. */
const FIXED = { flex: "none" };

type Approval = NonNullable<ReleaseDetailFragment["approval"]>;

/** Who approved or rejected with which comment, what is missing, and who may still decide. */
export function Approvals({ release: { approval, status, revision } }: { release: ReleaseDetailFragment }) {
  const t = useMessages(messages);
  return (
    <Section title={t.approvals} aside={approval && `${approval.received} / ${approval.required}`}>
      <Card withBorder>
        <Stack gap="sm">
          {approval ? <Decided approval={approval} latest={revision} /> : <Text>{t.noApproval}</Text>}
          {approval && status === "PENDING" && <Missing approval={approval} />}
        </Stack>
      </Card>
    </Section>
  );
}

function Decided({ approval: { decisions }, latest }: { approval: Approval; latest: number }) {
  return decisions.map((decision) => (
    <Decision key={`${decision.approver.id} ${decision.revision}`} decision={decision} latest={latest} />
  ));
}

function Decision({ decision, latest }: { decision: Approval["decisions"][number]; latest: number }) {
  const t = useMessages(messages);
  const { approver, verdict, comment, channel, decidedAt, labelsChanged, revision } = decision;
  return (
    <Group wrap="nowrap" align="start" gap="sm">
      {verdict === "APPROVE" ? (
        <IconCheck size={20} color="var(--mantine-color-green-8)" style={FIXED} aria-hidden />
      ) : (
        <IconX size={20} color="var(--mantine-color-error)" style={FIXED} aria-hidden />
      )}
      <div>
        <Text>
          <b>{approver.name}</b> {t.verdicts[verdict]}, <Instant at={decidedAt} />, {t.through[channel]}
        </Text>
        {comment && <Text style={{ whiteSpace: "pre-line" }}>{comment}</Text>}
        {labelsChanged && (
          <Text size="sm" c="dimmed">
            {t.labelsChanged}
          </Text>
        )}
        {revision < latest && (
          <Text size="sm" c="dimmed">
            {t.ofRevision(revision)}
          </Text>
        )}
      </div>
    </Group>
  );
}

function Missing({ approval }: { approval: Approval }) {
  const t = useMessages(messages);
  const { remaining, canBeMet, eligibleApprovers, decisions } = approval;
  const decided = new Set(decisions.map(({ approver }) => approver.id));
  const open = eligibleApprovers.filter(({ id }) => !decided.has(id)).map(({ name }) => name);
  return (
    <>
      <Text fw={600}>{remaining > 0 ? t.missingApprovals(remaining) : t.complete}</Text>
      {!canBeMet && <Text c="red">{t.hopeless}</Text>}
      {open.length > 0 && (
        <Text c="dimmed">
          {t.mayDecide}: {open.join(", ")}
        </Text>
      )}
    </>
  );
}
