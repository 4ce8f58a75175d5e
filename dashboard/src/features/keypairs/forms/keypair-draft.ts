import { personChoice } from "@/features/people/person-choice";
import type { KeypairAccess, ReleaseType } from "@/graphql/schema.generated";
import type { Choice } from "@/ui/search-select";
import type { KeypairToEditQuery } from "./keypair-forms.generated";
import type { KeyChoice } from "./signers";

/** Who may use a keypair. People of whom there are more than the form can hold are null. */
export interface AccessDraft {
  access: KeypairAccess;
  users: Choice[] | null;
}

/** A keypair that there is, as its form has it. */
export interface EditDraft extends AccessDraft {
  alias: string;
}

/** A new keypair as its form has it, wherever its key comes from. */
export interface KeypairDraft extends KeyChoice, EditDraft {
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

/** Returns the draft of a keypair that there is: a list of which there are further pages must not be sent back. */
export function draftOf({ alias, access, usersConnection }: NonNullable<KeypairToEditQuery["keypair"]>) {
  const { edges, pageInfo } = usersConnection;
  const users = edges.map(({ node }) => personChoice(node));
  return { alias, access, users: pageInfo.hasNextPage ? null : users } satisfies EditDraft;
}

/** Returns what of an edited keypair is sent: people alone who matter, and of whom all are known. */
export function updateInput({ alias, access, users }: EditDraft) {
  const people = access === "RESTRICTED" && users;
  return { alias, access, ...(people && { userIds: people.map(({ value }) => value) }) };
}

function commonInput(draft: KeypairDraft) {
  const { type, backend, algorithm } = draft;
  return { ...updateInput(draft), type, backend, algorithm };
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
