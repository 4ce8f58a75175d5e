import type { KeypairAlgorithm, KeypairCategory } from "@/graphql/schema.generated";

/** What a new keypair can have, the usual ones first. */
export const ALGORITHMS = [
  "ECDSA_P256",
  "ECDSA_P384",
  "ECDSA_P521",
  "ED25519",
  "RSA_PKCS1_2048",
  "RSA_PKCS1_3072",
  "RSA_PKCS1_4096",
  "RSA_PSS_2048",
  "RSA_PSS_3072",
  "RSA_PSS_4096",
  "ML_DSA_44",
  "ML_DSA_65",
  "ML_DSA_87",
] as const satisfies readonly KeypairAlgorithm[];

const OPENPGP = /^(ECDSA|ED25519|RSA_PKCS1)/;

/** Returns the algorithms that keypairs of a category can have: OpenPGP has neither RSA-PSS nor ML-DSA. */
export function algorithmsOf(category: KeypairCategory): KeypairAlgorithm[] {
  return ALGORITHMS.filter((algorithm) => category === "STANDARD" || OPENPGP.test(algorithm));
}
