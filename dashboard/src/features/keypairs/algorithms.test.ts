import { expect, test } from "vitest";
import { ALGORITHMS, algorithmsOf } from "./algorithms";

test("OpenPGP has neither RSA-PSS nor ML-DSA", () => {
  expect(algorithmsOf("STANDARD")).toEqual([...ALGORITHMS]);
  expect(algorithmsOf("GPG").filter((algorithm) => /PSS|ML_DSA/.test(algorithm))).toEqual([]);
  expect(algorithmsOf("GPG")).toContain("RSA_PKCS1_4096");
});
