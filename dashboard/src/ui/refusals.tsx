import { Alert, Stack } from "@mantine/core";
import type { Refusal } from "@/graphql/refusal";
import { RefusalText } from "./refusal-text";

/** Why a command was refused. */
export function Refusals({ refusals }: { refusals: readonly Refusal[] }) {
  if (refusals.length === 0) return null;
  return (
    <Alert color="red" role="alert">
      <Stack gap="xs">
        {refusals.map((refusal) => (
          <div key={refusal.message}>
            <RefusalText refusal={refusal} />
          </div>
        ))}
      </Stack>
    </Alert>
  );
}
