import { expect, test } from "vitest";
import type { KeypairAlgorithm, KeypairCategory } from "@/graphql/schema.generated";
import { algorithmsOf, categoriesOf, offered, signersWith, type KeyChoice } from "./signers";

const known = (algorithm: KeypairAlgorithm, categories: KeypairCategory[], ...can: string[]) => ({
  algorithm,
  categories,
  generates: can.includes("generates"),
  imports: can.includes("imports"),
  adopts: can.includes("adopts"),
});
const SIGNERS = [
  {
    name: "hsm",
    algorithms: [
      known("ECDSA_P256", ["STANDARD", "GPG"], "generates", "adopts"),
      known("RSA_PSS_3072", ["STANDARD"], "adopts"),
    ],
  },
  {
    name: "local",
    algorithms: [
      known("ED25519", ["STANDARD", "GPG"], "generates", "imports"),
      known("ML_DSA_65", ["STANDARD"], "generates", "imports"),
    ],
  },
];
const LOCAL: KeyChoice = { backend: "local", category: "STANDARD", algorithm: "ML_DSA_65" };

test("each source has the signers that can do it", () => {
  expect(signersWith(SIGNERS, "GENERATE")).toEqual(["hsm", "local"]);
  expect(signersWith(SIGNERS, "IMPORT")).toEqual(["local"]);
  expect(signersWith(SIGNERS, "ADOPT")).toEqual(["hsm"]);
});

test("only algorithms that the signer has for the category are offered", () => {
  expect(algorithmsOf(SIGNERS, "GENERATE", { backend: "local", category: "GPG" })).toEqual(["ED25519"]);
  expect(algorithmsOf(SIGNERS, "ADOPT", { backend: "hsm", category: "STANDARD" })).toEqual([
    "ECDSA_P256",
    "RSA_PSS_3072",
  ]);
  expect(algorithmsOf(SIGNERS, "GENERATE", { backend: "gone", category: "STANDARD" })).toEqual([]);
});

test("a key that exists already makes no OpenPGP keypair", () => {
  expect(categoriesOf(SIGNERS, "GENERATE", "local")).toEqual(["STANDARD", "GPG"]);
  expect(categoriesOf(SIGNERS, "IMPORT", "local")).toEqual(["STANDARD"]);
});

test("a choice that is offered stays", () => {
  expect(offered(SIGNERS, "GENERATE", LOCAL)).toEqual(LOCAL);
});

test("in place of what is not offered is what is", () => {
  expect(offered(SIGNERS, "GENERATE", { ...LOCAL, category: "GPG" }).algorithm).toBe("ED25519");
  expect(offered(SIGNERS, "ADOPT", LOCAL)).toEqual({ ...LOCAL, backend: "hsm", algorithm: "ECDSA_P256" });
  expect(offered(SIGNERS, "IMPORT", { ...LOCAL, category: "GPG" }).category).toBe("STANDARD");
});
