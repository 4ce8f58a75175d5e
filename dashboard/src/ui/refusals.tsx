import { Alert } from "@mantine/core";
import type { Refusal } from "@/graphql/use-command";

/** Why a command was refused, in the server's sentences. */
export function Refusals({ refusals }: { refusals: readonly Refusal[] }) {
  if (refusals.length === 0) return null;
  return (
    <Alert color="red" role="alert">
      {refusals.map(({ message }) => (
        <div key={message}>{message}</div>
      ))}
    </Alert>
  );
}
