import { linkOptions } from "@tanstack/react-router";
import type { useFormats } from "@/i18n/formats";
import type { TroublesQuery } from "./home.generated";
import type { messages } from "./messages";

export interface Trouble {
  key: string;
  text: string;
  /** What the link is called. */
  action: string;
  /** Where it is mended. */
  link: ReturnType<typeof toRelease | typeof toKeypair | typeof toWebhook> | typeof TO_REPORTS;
}

interface Words {
  t: (typeof messages)["en"];
  formats: Pick<ReturnType<typeof useFormats>, "instant" | "number">;
}

const toRelease = (id: string, hash?: string) =>
  linkOptions({ to: "/releases/$id", params: { id }, ...(hash && { hash }) });
const toKeypair = (id: string) => linkOptions({ to: "/keypairs/$id", params: { id } });
const toWebhook = (id: string) => linkOptions({ to: "/webhooks/$id", params: { id } });
const TO_REPORTS = linkOptions({ to: "/ledger", search: { tag: "delivery:trouble:reported" } });

/** Releases that nobody can approve any more, and those of which a message did not arrive. */
export function releaseTroubles({ live }: TroublesQuery, { t, formats }: Words): Trouble[] {
  return (live?.edges ?? []).flatMap(({ node: { id, name, status, approval, undeliveredCount: count } }) => {
    const isHopeless = status === "PENDING" && approval !== null && !approval.canBeMet;
    const quorum = { key: `quorum ${id}`, text: t.quorum(name), action: t.toRelease, link: toRelease(id) };
    const undelivered = {
      key: `undelivered ${id}`,
      text: t.undelivered(name, formats.number(count)),
      action: t.toMessages,
      link: toRelease(id, "messages"),
    };
    return [...(isHopeless ? [quorum] : []), ...(count > 0 ? [undelivered] : [])];
  });
}

/** Default and OpenPGP certificates of enabled keypairs that expire soon, or have expired. */
export function certificateTroubles(
  { certificates, openpgp }: TroublesQuery,
  { t, formats }: Words,
  now: number,
): Trouble[] {
  const ofX509 = (certificates?.edges ?? []).map(({ node }) => node);
  const ofOpenpgp = (openpgp?.edges ?? []).map(({ node }) => ({
    id: `openpgp ${node.id}`,
    expiresAt: node.openpgp?.expiresAt,
    keypair: { ...node, enabled: true },
  }));
  return [...ofX509, ...ofOpenpgp].flatMap(({ id, expiresAt, keypair }) => {
    if (!expiresAt || !keypair?.enabled) return [];
    const sentence = Date.parse(expiresAt) > now ? t.certificate : t.certificateExpired;
    const text = sentence(keypair.alias, formats.instant(expiresAt));
    return [{ key: id, text, action: t.toKeypair, link: toKeypair(keypair.id) }];
  });
}

/** Webhooks that the service itself switched off. */
export function webhookTroubles({ webhooks }: TroublesQuery, { t }: Words): Trouble[] {
  return (webhooks?.edges ?? []).flatMap(({ node: { id, name, active, disabledReason } }) =>
    active || !disabledReason
      ? []
      : [{ key: id, text: t.webhook(name, disabledReason), action: t.toWebhook, link: toWebhook(id) }],
  );
}

/** Channels by which messages did not go out at once, or not at all, as the reports of the last day count them. */
export function channelTroubles({ reports }: TroublesQuery, { t, formats }: Words): Trouble[] {
  const sums = new Map<string, { failed: number; failing: number }>();
  for (const { node } of reports?.edges ?? []) {
    if (!node.deliveryTrouble) continue;
    const { channel, failed, failing } = node.deliveryTrouble;
    const sum = sums.get(channel) ?? { failed: 0, failing: 0 };
    sums.set(channel, { failed: sum.failed + failed, failing: sum.failing + failing });
  }
  return [...sums].map(([channel, { failed, failing }]) => ({
    key: `channel ${channel}`,
    text: t.channel(channel, formats.number(failed), formats.number(failing)),
    action: t.toLedger,
    link: TO_REPORTS,
  }));
}
