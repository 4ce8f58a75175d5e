import type { KeypairState } from "./schema.generated";

interface Listed<Keypair> {
  edges: readonly { node: Keypair }[];
}

/** Returns those keypairs of a list that can be chosen: with one that is retired nothing is signed any more. */
export function keypairsToChoose<Keypair extends { state: KeypairState }>(
  keypairs: Listed<Keypair> | null | undefined,
): Keypair[] {
  return (keypairs?.edges ?? []).map(({ node }) => node).filter(({ state }) => state !== "RETIRED");
}
