import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { useState } from "react";
import { useMutation, type AnyVariables } from "urql";
import type { RefusalFragment } from "./fragments.generated";
import { announce } from "@/live/signals";

/** A refusal as pages show it: of one field, or of the whole command. */
export type Refusal = Pick<RefusalFragment, "message"> & Partial<RefusalFragment>;

interface Payload {
  errors: RefusalFragment[];
}

/**
 * Returns how to run a mutation, and why it was refused. `run` answers the payload of a mutation that succeeded, and
 * null otherwise; what it changed of lists is announced under the given tag, also while no events arrive.
 */
export function useCommand<Data, Variables extends AnyVariables, P extends Payload>(
  document: TypedDocumentNode<Data, Variables>,
  pick: (data: Data) => P,
  tag: string,
) {
  const [{ fetching }, execute] = useMutation(document);
  const [refusals, setRefusals] = useState<Refusal[]>([]);
  const run = async (variables: Variables): Promise<P | null> => {
    setRefusals([]);
    const { data, error } = await execute(variables);
    const payload = data ? pick(data) : null;
    const refused = payload?.errors ?? [
      { message: error?.graphQLErrors[0]?.message ?? error?.message ?? "" },
    ];
    setRefusals(refused);
    if (refused.length > 0) return null;
    announce(tag);
    return payload;
  };
  return { run, refusals, busy: fetching, forget: () => setRefusals([]) };
}
