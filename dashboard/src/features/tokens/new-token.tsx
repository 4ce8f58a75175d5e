import { Checkbox, Loader, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { serverNow } from "@/app/clock";
import { useSession, useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import type { Permission } from "@/graphql/schema.generated";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Dialog } from "@/ui/dialog";
import { FormDialog } from "@/ui/form-dialog";
import { Refusals } from "@/ui/refusals";
import { SecretDialog } from "@/ui/secret-dialog";
import { useDraft } from "@/ui/use-draft";
import { messages } from "./messages";
import { CreateTokenDocument, TokenOwnersDocument, type TokenOwnerFragment } from "./tokens.generated";

const FIELDS = ["name", "userId", "scopes", "expiresAt"] as const;
const FIELD_NAMES = { days: "expiresAt" };
const LIFETIMES_DAYS = [1, 30, 90, 365, 0] as const;
const DAY_MILLISECONDS = 86_400_000;

/** Creates a token and shows its secret, which is forgotten when the dialog closes. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const [secret, setSecret] = useState<string | null>(null);
  const { data } = useLiveQuery({ query: TokenOwnersDocument }, ["user:"]);
  if (secret !== null) {
    return <SecretDialog title={t.secret} hint={t.secretHint} secret={secret} onClose={onClose} />;
  }
  const others = (data?.users?.edges ?? []).map(({ node }) => node);
  const owners = data ? [data.viewer.user, ...others] : [];
  const allowed = owners.filter((owner) => refusalOf(owner, "CREATE_TOKEN") === null);
  const own = owners[0] && refusalOf(owners[0], "CREATE_TOKEN");
  if (allowed.length > 0) return <TokenForm owners={allowed} onSecret={setSecret} onClose={onClose} />;
  return (
    <Dialog title={t.new} onClose={onClose}>
      {data ? <Refusals refusals={own ? [own] : []} /> : <Loader />}
    </Dialog>
  );
}

interface FormProps {
  owners: readonly TokenOwnerFragment[];
  onSecret: (secret: string) => void;
  onClose: () => void;
}

function TokenForm({ owners, onSecret, onClose }: FormProps) {
  const t = useMessages(messages);
  const word = useWords();
  const { user } = useSession();
  const initial = { name: "", userId: owners[0]?.id ?? "", scopes: [] as string[], days: 90 };
  const [tried, setTried] = useState(false);
  const { run, refusals, busy } = useCommand(CreateTokenDocument, ({ result }) => result, "token:");
  const { draft, change, text, errors, rest } = useDraft(initial, refusals, FIELDS, FIELD_NAMES);
  const permissions = owners.find(({ id }) => id === draft.userId)?.permissions ?? [];
  const chosen = permissions.filter((permission) => draft.scopes.includes(permission));
  const submit = async () => {
    setTried(true);
    if (chosen.length === 0) return;
    const payload = await run({ input: inputOf(draft.name, draft.userId, user.id, chosen, draft.days) });
    if (payload?.secret) onSecret(payload.secret);
  };
  const nameOf = (owner: TokenOwnerFragment) => (owner.id === user.id ? t.yourself(owner.name) : owner.name);
  return (
    <FormDialog
      title={t.new}
      action={t.create}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput label={t.name} description={t.nameHint} {...text("name")} data-autofocus required />
      <NativeSelect
        label={t.owner}
        {...text("userId")}
        data={owners.map((owner) => ({ value: owner.id, label: nameOf(owner) }))}
      />
      <Checkbox.Group
        label={t.scopes}
        description={t.scopesHint}
        error={errors.scopes ?? (tried && chosen.length === 0 ? t.noScope : undefined)}
        value={chosen}
        onChange={(scopes) => change({ scopes })}
        required
      >
        <Stack gap="xs" mt="xs">
          {permissions.map((permission) => (
            <Checkbox key={permission} value={permission} label={word("permissions", permission)} />
          ))}
        </Stack>
      </Checkbox.Group>
      <NativeSelect
        label={t.ends}
        error={errors.expiresAt}
        value={String(draft.days)}
        data={LIFETIMES_DAYS.map((each) => ({ value: String(each), label: t.lifetimes[each] }))}
        onChange={({ currentTarget }) => change({ days: Number(currentTarget.value) })}
      />
    </FormDialog>
  );
}

function inputOf(name: string, ownerId: string, ownId: string, scopes: Permission[], days: number) {
  return {
    name,
    scopes,
    ...(ownerId !== ownId && { userId: ownerId }),
    ...(days > 0 && { expiresAt: new Date(serverNow() + days * DAY_MILLISECONDS).toISOString() }),
  };
}
