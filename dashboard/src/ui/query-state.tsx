import { Alert, Button, Skeleton, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import type { CombinedError } from "urql";
import { refusalOfError } from "@/graphql/refusal";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import { RefusalText } from "./refusal-text";

interface State<Data> {
  data?: Data | null | undefined;
  error?: CombinedError | undefined;
  reload: () => void;
}

/** Shows what a query answered; before that a skeleton, and why it could not be read. */
export function QueryState<Data>({
  state: { data, error, reload },
  rows = 3,
  children,
}: {
  state: State<Data>;
  rows?: number;
  children: (data: Data) => ReactNode;
}) {
  const t = useMessages(messages);
  if (data) return children(data);
  if (error) {
    return (
      <Alert color="red" title={t.failed}>
        <Stack align="start" gap="sm">
          <div>
            <RefusalText refusal={refusalOfError(error, t.unreachable)} />
          </div>
          <Button variant="default" onClick={reload}>
            {t.retry}
          </Button>
        </Stack>
      </Alert>
    );
  }
  return (
    <Stack gap="xs" aria-busy>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={56} />
      ))}
    </Stack>
  );
}
