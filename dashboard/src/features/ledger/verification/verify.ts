import { hexOf, LedgerChecks, parseLine, type Fault, type Head, type KeptHead, type Line } from "./checks";

export type Verdict = { holds: true; head: Head } | { holds: false; position: number; fault: Fault };

/** Lines whose hashes are computed at once: few enough to take the page some 10 ms, and enough to seldom wait. */
const BATCH_LINES = 400;

/**
 * Verifies a download while it arrives, and stops at the first fault. The browser computes the hashes outside of the
 * page's own thread.
 *
 * @param kept A head that was kept elsewhere, to compare with.
 * @param onProgress Is told how many entries hold so far.
 */
export async function verifyLedger(
  download: ReadableStream<Uint8Array<ArrayBuffer>>,
  kept: KeptHead | null,
  onProgress: (count: number) => void,
): Promise<Verdict> {
  const checks = new LedgerChecks(kept);
  const broken = (fault: Fault): Verdict => ({ holds: false, position: checks.verified.count + 1, fault });
  for await (const texts of batches(download)) {
    const lines = texts.map(parseLine);
    const digests = await Promise.all(lines.map(digestOf));
    for (const [index, line] of lines.entries()) {
      const fault = checks.take(line, digests[index] ?? "");
      if (fault) return broken(fault);
    }
    onProgress(checks.verified.count);
  }
  const fault = checks.end();
  return fault ? broken(fault) : { holds: true, head: checks.verified };
}

const encoder = new TextEncoder();

/** Returns the hash of an entry's text, which other lines have not. */
async function digestOf(line: Line | null): Promise<string> {
  if (line === null || "head" in line) return "";
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(line.body))));
}

async function* batches(download: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string[]> {
  const reader = download.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (let start = 0; start < lines.length; start += BATCH_LINES) {
        yield lines.slice(start, start + BATCH_LINES);
      }
    }
    if (rest) yield [rest];
  } finally {
    await reader.cancel();
  }
}
