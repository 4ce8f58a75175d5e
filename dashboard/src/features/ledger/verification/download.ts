import { BASE } from "@/graphql/client";
import type { Refusal } from "@/graphql/refusal";
import type { ErrorCode } from "@/graphql/schema.generated";

/** Where the whole ledger is, as a file of lines. */
export const LEDGER_URL = new URL("downloads/ledger.jsonl", BASE).href;

/** The server did not send the ledger. */
export class DownloadRefused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

interface Refused {
  errors?: { message: string; extensions: { code: ErrorCode } }[];
}

/** Returns the lines of the ledger as they arrive; throws `DownloadRefused` where the server refuses it. */
export async function openLedger(signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  // eslint-disable-next-line no-restricted-globals -- the text that was hashed is in the download alone
  const response = await fetch(LEDGER_URL, { signal });
  if (response.ok && response.body) return response.body;
  const { errors } = (await response.json().catch(() => ({}))) as Refused;
  const [error] = errors ?? [];
  const message = error?.message ?? `HTTP ${response.status}`;
  throw new DownloadRefused({ message, ...(error && { code: error.extensions.code }) });
}
