import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { useEffect, useState } from "react";
import { useMutation, type AnyVariables } from "urql";
import type { RefusalFragment } from "./fragments.generated";
import { useMessages } from "@/i18n/locale";
import { announce } from "@/live/signals";
import { focusAfterCommand } from "./focus-after-command";
import { messages } from "./messages";
import { NONE, withAnswer } from "./outcome";
import { refusalOfError, type Refusal } from "./refusal";

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
  const [{ refusals, sender }, setOutcome] = useState(NONE);
  const { unanswered } = useMessages(messages);
  useEffect(() => focusAfterCommand(sender, refusals.length > 0), [sender, refusals]);
  const run = async (variables: Variables): Promise<P | null> => {
    const focused = window.document.activeElement;
    setOutcome(NONE);
    const { data, error } = await execute(variables);
    const payload = data ? pick(data) : null;
    const refused: Refusal[] = payload?.errors ?? [refusalOfError(error, unanswered)];
    setOutcome((before) => withAnswer(before, refused, focused));
    if (refused.length > 0) return null;
    announce(tag);
    return payload;
  };
  return { run, refusals, busy: fetching, forget: () => setOutcome(NONE) };
}
