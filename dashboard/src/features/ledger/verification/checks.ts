/** The checks of `ledger_verification.py`, on the lines of a download: without a server, and without a document. */

/** The number of entries of a ledger, and the hash of the last one in hexadecimal digits. */
export interface Head {
  count: number;
  hash: string;
}

/** A head that was kept elsewhere; a printed one also names its account. */
export interface KeptHead extends Head {
  account?: string;
}

/** What a line of the download says of an entry. */
export interface EntryLine {
  position: number;
  hash: string;
  /** The text that was hashed. */
  body: string;
}

export type Line = EntryLine | { head: Head };

/** What is wrong at a position. */
export type Fault =
  | { kind: "missing"; next: number }
  | { kind: "unknownFormat"; format: string }
  | { kind: "shortened"; kept: number }
  | {
      kind:
        | "noLine"
        | "changed"
        | "noEntry"
        | "unchained"
        | "misplaced"
        | "noCredential"
        | "rewritten"
        | "endMissing"
        | "behindHead"
        | "otherAccount";
    };

type Body = Record<string, unknown>;

const GENESIS = "00".repeat(32);
const FORMAT = 2;
/** What each entry has, whatever it is about. */
const MEMBERS = [
  "account",
  "position",
  "previous",
  "tag",
  "actor",
  "subject",
  "release",
  "effective_at",
  "recorded_at",
];

const isObject = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns what a line says, or null for one that is neither an entry nor the head. */
export function parseLine(text: string): Line | null {
  const line = parsed(text);
  if (line === null) return null;
  const { head, position, hash, body } = line;
  if (isObject(head) && typeof head.count === "number" && typeof head.hash === "string") {
    return { head: { count: head.count, hash: head.hash } };
  }
  const isEntry = typeof position === "number" && typeof hash === "string" && typeof body === "string";
  return isEntry ? { position, hash, body } : null;
}

function parsed(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Goes through a ledger from its first line to its last, and names the first fault. */
export class LedgerChecks {
  /** The entries that hold so far, and the hash of the last one. */
  readonly verified: Head = { count: 0, hash: GENESIS };
  private account: unknown = undefined;
  private head: Head | null = null;

  constructor(private readonly kept: KeptHead | null) {}

  /** Returns what is wrong with the next line, whose body has this digest; null if nothing is. */
  take(line: Line | null, digest: string): Fault | null {
    if (line === null) return { kind: "noLine" };
    if (this.head) return { kind: "behindHead" };
    if ("head" in line) {
      this.head = line.head;
      return null;
    }
    return this.faultOf(line, digest) ?? this.accept(line);
  }

  /** Returns what is wrong with the end, after all lines. */
  end(): Fault | null {
    const { count, hash } = this.verified;
    if (this.head?.count !== count || this.head.hash !== hash) return { kind: "endMissing" };
    if (this.kept && this.kept.count > count) return { kind: "shortened", kept: this.kept.count };
    return null;
  }

  private faultOf(line: EntryLine, digest: string): Fault | null {
    if (line.position !== this.verified.count + 1) return { kind: "missing", next: line.position };
    if (digest !== line.hash) return { kind: "changed" };
    const body = parsed(line.body);
    const previous = body && isWhole(body) ? hexOfBase64(body.previous) : null;
    if (body === null || previous === null) return { kind: "noEntry" };
    if (previous !== this.verified.hash) return { kind: "unchained" };
    this.account ??= body.account;
    if (body.position !== line.position || body.account !== this.account) return { kind: "misplaced" };
    return formatFault(body) ?? this.keptFault(line);
  }

  private keptFault({ position, hash }: EntryLine): Fault | null {
    if (this.kept?.account !== undefined && this.kept.account !== this.account) {
      return { kind: "otherAccount" };
    }
    return position === this.kept?.count && hash !== this.kept.hash ? { kind: "rewritten" } : null;
  }

  private accept({ position, hash }: EntryLine): null {
    this.verified.count = position;
    this.verified.hash = hash;
    return null;
  }
}

function isWhole(body: Body): boolean {
  const { actor, subject } = body;
  return (
    MEMBERS.every((name) => name in body) &&
    isObject(actor) &&
    "id" in actor &&
    isObject(subject) &&
    "id" in subject
  );
}

/** Each format has its own fields; the first, from before they were numbered, has no number. */
function formatFault(body: Body): Fault | null {
  const { format = 1, credential } = body;
  if (!("format" in body) && !("credential" in body)) return null;
  if (format !== FORMAT) return { kind: "unknownFormat", format: JSON.stringify(format) };
  const names = isObject(credential) ? Object.keys(credential).sort().join() : "";
  return names === "id,kind" ? null : { kind: "noCredential" };
}

function hexOfBase64(text: unknown): string | null {
  if (typeof text !== "string") return null;
  try {
    return hexOf(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Returns bytes in hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return bytes.reduce((text, byte) => text + HEX[byte], "");
}
