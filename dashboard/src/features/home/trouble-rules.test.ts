import { expect, test } from "vitest";
import type { TroublesQuery } from "./home.generated";
import { messages } from "./messages";
import { certificateTroubles, channelTroubles, releaseTroubles, webhookTroubles } from "./trouble-rules";

const words = { t: messages.en, formats: { instant: (at: unknown) => String(at), number: String } };
const NOTHING = {
  live: null,
  certificates: null,
  openpgp: null,
  webhooks: null,
  reports: null,
} as TroublesQuery;
const listed = <Node>(...nodes: Node[]) => ({ edges: nodes.map((node) => ({ node })) });
const texts = (troubles: { text: string }[]) => troubles.map(({ text }) => text);

test("releases that cannot be approved, and those with messages that did not arrive", () => {
  const release = {
    id: "1",
    name: "Falcon",
    status: "PENDING" as const,
    undeliveredCount: 0,
    approval: null,
  };
  const hopeless = { ...release, approval: { canBeMet: false } };
  const live = listed(
    release,
    hopeless,
    { ...hopeless, status: "APPROVED" as const },
    { ...release, undeliveredCount: 1 },
    { ...hopeless, undeliveredCount: 2 },
  );
  expect(texts(releaseTroubles({ ...NOTHING, live }, words))).toEqual([
    "Falcon cannot get its approvals: too few people may approve it.",
    "A message about Falcon did not arrive.",
    "Falcon cannot get its approvals: too few people may approve it.",
    "2 messages about Falcon did not arrive.",
  ]);
});

test("certificates of enabled keypairs", () => {
  const keypair = { id: "1", alias: "vault", enabled: true };
  const certificates = listed(
    { id: "1", expiresAt: "2030-01-02", keypair },
    { id: "2", expiresAt: "2029-12-31", keypair },
    { id: "3", expiresAt: "2030-01-02", keypair: { ...keypair, enabled: false } },
    { id: "4", expiresAt: null, keypair },
  );
  const now = Date.parse("2030-01-01");
  expect(texts(certificateTroubles({ ...NOTHING, certificates }, words, now))).toEqual([
    "The certificate of vault expires 2030-01-02.",
    "The certificate of vault expired 2029-12-31.",
  ]);
});

test("OpenPGP certificates", () => {
  const openpgp = listed(
    { id: "1", alias: "letters", openpgp: { expiresAt: "2030-01-02" } },
    { id: "2", alias: "packages", openpgp: { expiresAt: "2029-12-31" } },
  );
  const troubles = certificateTroubles({ ...NOTHING, openpgp }, words, Date.parse("2030-01-01"));
  expect(texts(troubles)).toEqual([
    "The certificate of letters expires 2030-01-02.",
    "The certificate of packages expired 2029-12-31.",
  ]);
});

test("webhooks that the service switched off, and not those that a person did", () => {
  const webhook = { id: "1", name: "chat", active: false, disabledReason: "It failed for 3 days." };
  const webhooks = listed(webhook, { ...webhook, disabledReason: null }, { ...webhook, active: true });
  expect(texts(webhookTroubles({ ...NOTHING, webhooks }, words))).toEqual([
    "The webhook chat is off. It failed for 3 days.",
  ]);
});

test("one line for each channel", () => {
  const report = (channel: string, failed: number, failing: number) => ({
    id: "1",
    deliveryTrouble: { channel, failed, failing },
  });
  const reports = listed(report("email", 1, 2), report("chat", 0, 1), report("email", 3, 0));
  expect(texts(channelTroubles({ ...NOTHING, reports }, words))).toEqual([
    "Messages by email since yesterday: 4 were given up, 2 were delayed.",
    "Messages by chat since yesterday: 0 were given up, 1 were delayed.",
  ]);
});
