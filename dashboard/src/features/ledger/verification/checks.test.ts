import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { KeptHead } from "./checks";
import { parseKeptHead } from "./kept-head";
import { verifyLedger } from "./verify";

type Values = Record<string, unknown>;
interface Entry {
  position: number;
  hash: string;
  body: string;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest();

/** Entries as the server writes them, each changed as its number asks for before it is hashed. */
function ledger(count: number, changes: Record<number, Values> = {}): Entry[] {
  let previous: Buffer = Buffer.alloc(32);
  return Array.from({ length: count }, (_, index) => {
    const position = index + 1;
    const body = JSON.stringify({
      account: "a",
      actor: { id: null, name: "Zoë" },
      credential: { id: null, kind: "CLOCK" },
      effective_at: "2030-06-03T12:00:00.000000Z",
      format: 2,
      position,
      previous: previous.toString("base64"),
      recorded_at: "2030-06-03T12:00:00.000000Z",
      release: null,
      subject: { id: "s", kind: "Team" },
      tag: "team:updated",
      ...changes[position],
    });
    previous = sha256(body);
    return { position, hash: previous.toString("hex"), body };
  });
}

const headOf = (entries: Entry[]) => {
  const last = entries.at(-1);
  return { count: last?.position ?? 0, hash: last?.hash ?? "00".repeat(32) };
};

/** A download that arrives in pieces of some bytes, which cut lines and characters in two. */
function download(text: string, bytes = 61): ReadableStream<Uint8Array<ArrayBuffer>> {
  const whole = new TextEncoder().encode(text);
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= whole.length) return controller.close();
      controller.enqueue(whole.slice(start, (start += bytes)));
    },
  });
}

const written = (lines: unknown[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

async function verdict(entries: Entry[], head: unknown = headOf(entries), kept: KeptHead | null = null) {
  return verifyLedger(download(written([...entries, { head }])), kept, () => {});
}

async function faultOf(...values: Parameters<typeof verdict>) {
  const found = await verdict(...values);
  return found.holds ? null : [found.position, found.fault];
}

test("a ledger that was not changed holds, whatever pieces it arrives in", async () => {
  const entries = ledger(450);
  for (const bytes of [7, 1000, 1_000_000]) {
    const progress: number[] = [];
    const text = written([...entries, { head: headOf(entries) }]);
    const found = await verifyLedger(download(text, bytes), null, (count) => progress.push(count));
    expect(found).toEqual({ holds: true, head: headOf(entries) });
    expect(progress.at(-1)).toBe(450);
  }
});

test("an empty ledger holds", async () => {
  expect(await verdict([])).toEqual({ holds: true, head: { count: 0, hash: "00".repeat(32) } });
});

test("what was done to the entries is found where it was done", async () => {
  const entries = ledger(6);
  const [first, second, third, fourth, ...rest] = entries as [Entry, Entry, Entry, Entry, ...Entry[]];
  const renamed = { ...third, body: third.body.replace("Zoë", "Bob") };
  const head = headOf(entries);
  expect(await faultOf([first, second, renamed, fourth, ...rest])).toEqual([3, { kind: "changed" }]);
  expect(await faultOf([first, second, fourth, ...rest])).toEqual([3, { kind: "missing", next: 4 }]);
  expect(await faultOf([second, third], head)).toEqual([1, { kind: "missing", next: 2 }]);
  expect(await faultOf([first, third, second], head)).toEqual([2, { kind: "missing", next: 3 }]);
  const swapped = [first, { ...third, position: 2 }, { ...second, position: 3 }, fourth, ...rest];
  expect(await faultOf(swapped)).toEqual([2, { kind: "unchained" }]);
  expect(await faultOf([first, second], head)).toEqual([3, { kind: "endMissing" }]);
  expect(await faultOf(entries, { ...head, hash: first.hash })).toEqual([7, { kind: "endMissing" }]);
  expect(await faultOf(entries, { ...head, count: 7 })).toEqual([7, { kind: "endMissing" }]);
});

test("a download that was cut or lengthened is found", async () => {
  const entries = ledger(3);
  const cut = (text: string) => verifyLedger(download(text), null, () => {});
  expect(await cut(written(entries))).toMatchObject({ position: 4, fault: { kind: "endMissing" } });
  expect(await cut(written(entries).slice(0, -20))).toMatchObject({ position: 3, fault: { kind: "noLine" } });
  expect(
    await cut(written([...entries, { head: headOf(entries) }, { head: headOf(entries) }])),
  ).toMatchObject({
    fault: { kind: "behindHead" },
  });
  for (const line of ["[]", "7", "null", "{}", '{"head":{}}', "x"]) {
    expect(await cut(line)).toMatchObject({ position: 1, fault: { kind: "noLine" } });
  }
});

test("a text that is no entry is found though its hash fits", async () => {
  const missing = { tag: undefined };
  for (const changes of [
    missing,
    { previous: 7 },
    { previous: "&" },
    { actor: [] },
    { subject: { kind: "x" } },
  ]) {
    expect(await faultOf(ledger(3, { 2: changes }))).toEqual([2, { kind: "noEntry" }]);
  }
  for (const body of ["[]", "x", "7", '""']) {
    const entry = { position: 1, hash: sha256(body).toString("hex"), body };
    expect(await faultOf([entry])).toEqual([1, { kind: "noEntry" }]);
  }
});

test("a text of another place or another account is found", async () => {
  expect(await faultOf(ledger(3, { 3: { position: 2 } }))).toEqual([3, { kind: "misplaced" }]);
  expect(await faultOf(ledger(3, { 3: { account: "b" } }))).toEqual([3, { kind: "misplaced" }]);
});

test("entries have the fields of their format", async () => {
  const first = { format: undefined, credential: undefined };
  expect(await faultOf(ledger(3, { 1: first, 2: first }))).toBeNull();
  for (const [changes, fault] of [
    [{ format: 3 }, { kind: "unknownFormat", format: "3" }],
    [{ format: 1 }, { kind: "unknownFormat", format: "1" }],
    [{ format: null }, { kind: "unknownFormat", format: "null" }],
    [{ format: undefined }, { kind: "unknownFormat", format: "1" }],
    [{ credential: undefined }, { kind: "noCredential" }],
    [{ credential: null }, { kind: "noCredential" }],
    [{ credential: { kind: "TOKEN" } }, { kind: "noCredential" }],
  ] as const) {
    expect(await faultOf(ledger(3, { 2: changes }))).toEqual([2, fault]);
  }
});

test("a ledger that was written anew, or shortened, is found by a head that was kept", async () => {
  const entries = ledger(5);
  const kept = headOf(entries.slice(0, 4));
  expect(await faultOf(entries, headOf(entries), { ...kept, account: "a" })).toBeNull();
  const anew = ledger(5, { 2: { reason: "nothing to see" } });
  expect(await faultOf(anew)).toBeNull();
  expect(await faultOf(anew, headOf(anew), kept)).toEqual([4, { kind: "rewritten" }]);
  const shorter = entries.slice(0, 3);
  expect(await faultOf(shorter, headOf(shorter), kept)).toEqual([4, { kind: "shortened", kept: 4 }]);
  const other = { ...kept, account: "b" };
  expect(await faultOf(entries, headOf(entries), other)).toEqual([1, { kind: "otherAccount" }]);
});

test("a download that breaks off is no verdict", async () => {
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new TypeError("network error")),
  });
  await expect(verifyLedger(broken, null, () => {})).rejects.toThrow("network error");
});

test("a kept head is read in each form that it is kept in", () => {
  const [count, hash] = [12, "aB".repeat(32)];
  const head = { count, hash: hash.toLowerCase() };
  expect(parseKeptHead(` ${count} ${hash}\n`)).toEqual(head);
  expect(parseKeptHead(`${count}: ${hash}`)).toEqual(head);
  expect(parseKeptHead(JSON.stringify({ head: { count, hash } }))).toEqual(head);
  const printed = { account: "a", count, hash, hmac: "00" };
  expect(parseKeptHead(JSON.stringify(printed))).toEqual({ ...head, account: "a" });
});

test("what is no head is told", () => {
  const hash = "ab".repeat(32);
  const wrong = [
    "",
    "12",
    hash,
    `0 ${hash}`,
    `12 ${hash}0`,
    "null",
    "[]",
    "{}",
    `{"count":"12","hash":"${hash}"}`,
  ];
  for (const text of wrong) expect(parseKeptHead(text)).toBeNull();
});
