import { Group, Stack, Text } from "@mantine/core";
import { useNow } from "@/app/clock";
import { useWords } from "@/app/session";
import type { Permission } from "@/graphql/schema.generated";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { Instant } from "@/ui/instant";
import { TextLink } from "@/ui/links";
import { StateBadge } from "@/ui/status-badge";
import { messages } from "./messages";
import { RevokeTokenDocument, type TokenRowFragment } from "./tokens.generated";

/** What everybody holds without a role. */
const OWN_PERMISSIONS: ReadonlySet<Permission> = new Set(["MANAGE_OWN_PROFILE", "MANAGE_OWN_TOKENS"]);

/** One token of the list: whose it is, what it may do and until when, and the button that ends it. */
export function TokenRow({ token }: { token: TokenRowFragment }) {
  const t = useMessages(messages);
  const { name, user, lastUsedAt, expiresAt, revokedAt } = token;
  const isOver = useIsOver(token);
  return (
    <>
      <Stack gap={2}>
        <Group gap="xs">
          <Text fw={600}>{name}</Text>
          <TokenBadge token={token} />
        </Group>
        <Text size="sm">
          <TextLink to="/people/$id" params={{ id: user.id }}>
            {user.name}
          </TextLink>
        </Text>
      </Stack>
      <Stack gap={2}>
        <Text size="sm">
          {revokedAt || !expiresAt ? !revokedAt && t.endsNever : <Dated label={t.endsAt} at={expiresAt} />}
          {revokedAt && <Dated label={t.revoked} at={revokedAt} />}
        </Text>
        <Text size="sm" c="dimmed">
          {lastUsedAt ? <Dated label={t.lastUsed} at={lastUsedAt} /> : t.neverUsed}
        </Text>
      </Stack>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Scopes token={token} />
        {!isOver && <Revoke token={token} />}
      </Group>
    </>
  );
}

/** What a token can do: those of its scopes that its user holds. The others have no effect. */
function Scopes({ token: { scopes, user } }: { token: TokenRowFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const [held, others] = [true, false].map((isHeld) =>
    scopes
      .filter((scope) => (OWN_PERMISSIONS.has(scope) || user.permissions.includes(scope)) === isHeld)
      .map((scope) => word("permissions", scope))
      .join(", "),
  );
  return (
    <Text size="sm" c="dimmed" style={{ whiteSpace: "pre-line" }}>
      {[held || t.nothing, others && t.withoutEffect(others)].filter(Boolean).join("\n")}
    </Text>
  );
}

function Dated({ label, at }: { label: string; at: string }) {
  return (
    <>
      {label} <Instant at={at} />
    </>
  );
}

function TokenBadge({ token }: { token: TokenRowFragment }) {
  const t = useMessages(messages);
  const isOver = useIsOver(token);
  if (isOver) return <StateBadge state="DISABLED">{token.revokedAt ? t.revoked : t.expired}</StateBadge>;
  return token.origin && <StateBadge state="HELD">{token.origin.repository ?? t.ofPipeline}</StateBadge>;
}

function useIsOver({ revokedAt, expiresAt }: TokenRowFragment): boolean {
  const now = useNow();
  return revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= now);
}

function Revoke({ token }: { token: TokenRowFragment }) {
  const t = useMessages(messages);
  const command = useCommand(RevokeTokenDocument, ({ result }) => result, "token:");
  return (
    <ConfirmedAction
      subject={token}
      action="REVOKE"
      what={token.name}
      color="red"
      compact
      text={t.REVOKE}
      command={command}
      onConfirm={() => command.run({ input: { id: token.id } })}
    />
  );
}
