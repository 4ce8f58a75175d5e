import { BASE } from "@/graphql/client";

/** Where the whole ledger is, as a file of lines. */
export const LEDGER_URL = new URL("downloads/ledger.jsonl", BASE).href;

/** The server did not send the ledger; its message says why. */
export class DownloadRefused extends Error {}

interface Refused {
  errors?: { message: string }[];
}

/** Returns the lines of the ledger as they arrive; throws `DownloadRefused` with the server's sentence. */
export async function openLedger(signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  // eslint-disable-next-line no-restricted-globals -- the text that was hashed is in the download alone
  const response = await fetch(LEDGER_URL, { signal });
  if (response.ok && response.body) return response.body;
  const { errors } = (await response.json().catch(() => ({}))) as Refused;
  throw new DownloadRefused(errors?.[0]?.message ?? `${response.status}`);
}
