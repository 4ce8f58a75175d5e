import type { KeptHead } from "./checks";

const WRITTEN = /^(\d{1,15})[\s:,]+([0-9a-f]{64})$/i;

/**
 * Returns a head that somebody has kept, or null for a text that is none: what `countersign ledger head` prints, the
 * last line of a download, or the number of entries and the hash.
 */
export function parseKeptHead(text: string): KeptHead | null {
  const written = WRITTEN.exec(text.trim());
  if (written) return headOf({ count: Number(written[1]), hash: written[2] });
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    return headOf(value?.head ?? value);
  } catch {
    return null;
  }
}

function headOf(value: unknown): KeptHead | null {
  const { count, hash, account } = (value ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(count) || Number(count) < 1) return null;
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/i.test(hash)) return null;
  const head = { count: Number(count), hash: hash.toLowerCase() };
  return typeof account === "string" ? { ...head, account } : head;
}
