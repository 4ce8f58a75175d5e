import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { RefusalFragment } from "@/graphql/fragments.generated";
import type { ReleaseAction } from "@/graphql/schema.generated";
import {
  ApproveDocument,
  CloseDocument,
  RejectDocument,
  StopDocument,
  WithdrawDocument,
} from "./release-actions.generated";

interface Target {
  id: string;
  revision: number;
}

interface Mutated {
  result: { errors: RefusalFragment[] };
}

/** A mutation of a release with what a person wrote about it. */
export interface ActionMutation {
  document: TypedDocumentNode<Mutated, { input: object }>;
  input: (release: Target, words: string | null) => object;
  /** Whether the person has to say why. */
  needsReason: boolean;
  color: "brand" | "red";
}

const decision = ({ id, revision }: Target, comment: string | null) => ({ id, revision, comment });
const ending = ({ id }: Target, reason: string | null) => ({ id, reason });

type Document = ActionMutation["document"];

/** The actions that are mutations: the order is that of their buttons. */
export const ACTION_MUTATIONS: Partial<Record<ReleaseAction, ActionMutation>> = {
  APPROVE: { document: ApproveDocument as Document, input: decision, needsReason: false, color: "brand" },
  REJECT: { document: RejectDocument as Document, input: decision, needsReason: true, color: "red" },
  CLOSE: { document: CloseDocument as Document, input: ending, needsReason: false, color: "brand" },
  WITHDRAW: { document: WithdrawDocument as Document, input: ending, needsReason: false, color: "red" },
  STOP: { document: StopDocument as Document, input: ending, needsReason: true, color: "red" },
};
