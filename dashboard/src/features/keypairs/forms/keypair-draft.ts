import type { KeypairAccess, ReleaseType } from "@/graphql/schema.generated";
import type { Choice } from "@/ui/search-select";
import type { KeyChoice } from "./signers";

/** A new keypair as its form has it, wherever its key comes from. */
export interface KeypairDraft extends KeyChoice {
  alias: string;
  access: KeypairAccess;
  /** The people who alone may use it, where the access is restricted. */
  users: Choice[];
  type: ReleaseType;
  openpgpUserId: string;
  /** An instant in UTC, or nothing where the OpenPGP certificate does not expire. */
  openpgpExpiresAt: string | undefined;
  /** The file with the private key, in place of which it can be pasted. */
  file: File | null;
  pem: string;
  passphrase: string;
  /** What the signer calls the key that it has. */
  key: string;
}

export const EMPTY_KEYPAIR: KeypairDraft = {
  alias: "",
  type: "OFFLINE",
  category: "STANDARD",
  backend: "local",
  algorithm: "ECDSA_P256",
  access: "OPEN",
  users: [],
  openpgpUserId: "",
  openpgpExpiresAt: undefined,
  file: null,
  pem: "",
  passphrase: "",
  key: "",
};

function commonInput(draft: KeypairDraft) {
  const { alias, access, users, type, backend, algorithm } = draft;
  const people = access === "RESTRICTED" && { userIds: users.map(({ value }) => value) };
  return { alias, access, ...people, type, backend, algorithm };
}

/** Returns the input of a keypair whose key the signer makes. */
export function createInput(draft: KeypairDraft) {
  const { category, openpgpUserId, openpgpExpiresAt } = draft;
  return {
    ...commonInput(draft),
    category,
    ...(category === "GPG" && {
      ...(openpgpUserId && { openpgpUserId }),
      ...(openpgpExpiresAt && { openpgpExpiresAt }),
    }),
  };
}

/** Returns the input of a keypair whose key is in a file, which is given in base64. */
export function importInput(draft: KeypairDraft, privateKeyFile: string) {
  const { passphrase } = draft;
  return { ...commonInput(draft), privateKeyFile, ...(passphrase && { passphrase }) };
}

/** Returns the input of a keypair whose key the signer has already. */
export function adoptInput(draft: KeypairDraft) {
  return { ...commonInput(draft), key: draft.key };
}
