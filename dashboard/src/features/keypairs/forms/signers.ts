import { CATEGORIES } from "@/graphql/enum-values";
import type { KeypairAlgorithm, KeypairCategory } from "@/graphql/schema.generated";
import type { SignerFactsFragment } from "./keypair-forms.generated";

/** Where the private key of a new keypair comes from: its signer makes it, a file has it, or the signer has it. */
export const KEY_SOURCES = ["GENERATE", "IMPORT", "ADOPT"] as const;
export type KeySource = (typeof KEY_SOURCES)[number];

/** What a new keypair is made with. */
export interface KeyChoice {
  backend: string;
  category: KeypairCategory;
  algorithm: KeypairAlgorithm;
}

type Signers = readonly SignerFactsFragment[];
type Known = SignerFactsFragment["algorithms"][number];

const IS_OFFERED: Record<KeySource, (known: Known) => boolean> = {
  GENERATE: ({ generates }) => generates,
  IMPORT: ({ imports }) => imports,
  ADOPT: ({ adopts }) => adopts,
};

/** Returns the names of the signers that get keys from a source. */
export function signersWith(signers: Signers, source: KeySource): string[] {
  return signers.filter(({ algorithms }) => algorithms.some(IS_OFFERED[source])).map(({ name }) => name);
}

/** Returns the algorithms of the keys that a signer gets from a source, for keypairs of a category. */
export function algorithmsOf(
  signers: Signers,
  source: KeySource,
  { backend, category }: Pick<KeyChoice, "backend" | "category">,
): KeypairAlgorithm[] {
  const known = signers.find(({ name }) => name === backend)?.algorithms ?? [];
  return known
    .filter((each) => IS_OFFERED[source](each) && each.categories.includes(category))
    .map(({ algorithm }) => algorithm);
}

/** Returns the categories that keypairs can have whose key a signer gets from a source. */
export function categoriesOf(signers: Signers, source: KeySource, backend: string): KeypairCategory[] {
  // OpenPGP certificates are made over keys that the signer makes, and over no others.
  const possible = source === "GENERATE" ? CATEGORIES : CATEGORIES.filter((each) => each === "STANDARD");
  return possible.filter((category) => algorithmsOf(signers, source, { backend, category }).length > 0);
}

/** Returns the choice with the first signer, category or algorithm that there is in place of those that are not offered. */
export function offered(signers: Signers, source: KeySource, choice: KeyChoice): KeyChoice {
  const backend = orFirst(signersWith(signers, source), choice.backend);
  const category = orFirst(categoriesOf(signers, source, backend), choice.category);
  const algorithm = orFirst(algorithmsOf(signers, source, { backend, category }), choice.algorithm);
  return { backend, category, algorithm };
}

function orFirst<Value>(values: readonly Value[], wanted: Value): Value {
  return values.includes(wanted) ? wanted : (values[0] ?? wanted);
}
