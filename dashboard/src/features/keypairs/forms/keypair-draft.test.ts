import { expect, test } from "vitest";
import { adoptInput, createInput, EMPTY_KEYPAIR, importInput } from "./keypair-draft";

const ANN = { value: "a", label: "Ann (ann@example.com)" };
const DRAFT = { ...EMPTY_KEYPAIR, alias: "vault", passphrase: "secret", key: "label", users: [ANN] };
const COMMON = { alias: "vault", type: "OFFLINE", backend: "local", algorithm: "ECDSA_P256", access: "OPEN" };

test("each way has the fields of its own", () => {
  expect(createInput(DRAFT)).toEqual({ ...COMMON, category: "STANDARD" });
  expect(importInput(DRAFT, "AA==")).toEqual({ ...COMMON, privateKeyFile: "AA==", passphrase: "secret" });
  expect(adoptInput(DRAFT)).toEqual({ ...COMMON, key: "label" });
});

test("without a passphrase none is sent", () => {
  expect(importInput({ ...DRAFT, passphrase: "" }, "AA==")).not.toHaveProperty("passphrase");
});

test("what an OpenPGP certificate says is sent for that category alone", () => {
  const openpgp = { openpgpUserId: "Example <a@example.com>", openpgpExpiresAt: "2031-01-01T00:00:00.000Z" };
  expect(createInput({ ...DRAFT, ...openpgp })).toEqual({ ...COMMON, category: "STANDARD" });
  expect(createInput({ ...DRAFT, ...openpgp, category: "GPG" })).toMatchObject(openpgp);
  expect(createInput({ ...DRAFT, category: "GPG" })).toEqual({ ...COMMON, category: "GPG" });
});

test("people are sent where they decide who may sign", () => {
  expect(createInput({ ...DRAFT, access: "RESTRICTED" }).userIds).toEqual(["a"]);
  expect(createInput(DRAFT)).not.toHaveProperty("userIds");
});
