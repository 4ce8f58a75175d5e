import { Alert, Card, Group, List, Stack, Text, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useWords } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { TextLink } from "@/ui/links";
import { QueryState } from "@/ui/query-state";
import { ExplainSignDocument, type ExplainSignQuery } from "./can-i-sign.generated";
import { messages } from "./messages";

type SignExplanation = NonNullable<ExplainSignQuery["explainSign"]>;

interface Props {
  keypairId: string;
  userId: string | undefined;
  at: string | undefined;
}

/** The conditions of a signature one by one, in the order in which they are evaluated. */
export function Explanation({ keypairId, userId, at }: Props) {
  const variables = { input: { keypairId, userId, at } };
  const concerns = ["release:", "keypair:", "account:", "user:", "role:", "team:"];
  const state = useLiveQuery({ query: ExplainSignDocument, variables }, concerns);
  // Where it is refused, there is no explanation, and the error says why.
  const data = state.data?.explainSign;
  return (
    <QueryState state={{ ...state, data }} rows={4}>
      {(explanation) => <Answer explanation={explanation} />}
    </QueryState>
  );
}

function Answer({ explanation: { allowed, factors, associatedRelease } }: { explanation: SignExplanation }) {
  const t = useMessages(messages);
  return (
    <Stack role="status">
      <Alert color={allowed ? "green" : "red"} icon={allowed ? <IconCheck /> : <IconX />}>
        {allowed ? t.yes : t.no}
      </Alert>
      {associatedRelease && (
        <Text>
          {t.counts}{" "}
          <TextLink to="/releases/$id" params={{ id: associatedRelease.id }}>
            {associatedRelease.name}
          </TextLink>
        </Text>
      )}
      <Card withBorder>
        <List listStyleType="none" spacing="sm">
          {factors.map((factor) => (
            <FactorItem key={factor.name} factor={factor} />
          ))}
        </List>
      </Card>
    </Stack>
  );
}

function FactorItem({ factor }: { factor: SignExplanation["factors"][number] }) {
  const t = useMessages(messages);
  const title = useWords()("factors", factor.name);
  const [Mark, color] = factor.passed
    ? ([IconCheck, "var(--mantine-color-green-8)"] as const)
    : ([IconX, "var(--mantine-color-error)"] as const);
  return (
    <List.Item>
      <Group wrap="nowrap" align="start" gap="sm">
        <Mark size={20} color={color} style={{ flex: "none" }} aria-hidden />
        <div>
          <Text fw={600}>
            {title} <VisuallyHidden>{factor.passed ? t.passed : t.failed}</VisuallyHidden>
          </Text>
          <Text size="sm" c="dimmed" lang="en">
            {factor.detail}
          </Text>
        </div>
      </Group>
    </List.Item>
  );
}
