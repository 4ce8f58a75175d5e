import { Group, NativeSelect, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/app/session";
import { useLocale, useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { InstantField } from "@/ui/instant-field";
import { Page } from "@/ui/page";
import { Empty } from "@/ui/section";
import { SignChoicesDocument } from "./can-i-sign.generated";
import { Explanation } from "./explanation";
import { messages } from "./messages";
import type { CanISignSearch } from "./search";

/** Whether a signature would be made, for a keypair, a person and an instant; and if not, why. */
export function CanISignPage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/can-i-sign" });
  const navigate = useNavigate();
  const show = (change: Partial<CanISignSearch>) =>
    navigate({ to: "/can-i-sign", search: { ...search, ...change }, replace: true });
  return (
    <Page title={t.title}>
      <Text c="dimmed">{t.intro}</Text>
      <Choices search={search} onChange={show} />
      {search.keypair ? (
        <Explanation keypairId={search.keypair} userId={search.user} at={search.at} />
      ) : (
        <Empty>{t.first}</Empty>
      )}
    </Page>
  );
}

interface ChoicesProps {
  search: CanISignSearch;
  onChange: (change: Partial<CanISignSearch>) => void;
}

function Choices({ search, onChange }: ChoicesProps) {
  const t = useMessages(messages);
  const { can, user } = useSession();
  const { timeZone } = useLocale();
  // Others ask for themselves and for now alone.
  const managesKeypairs = can("MANAGE_KEYPAIRS");
  const query = { query: SignChoicesDocument, variables: { withPeople: managesKeypairs } };
  const { data } = useLiveQuery(query, ["keypair:", "user:"]);
  const keypairs = (data?.keypairs?.edges ?? []).map(({ node }) => ({ value: node.id, label: node.alias }));
  const others = (data?.users?.edges ?? []).map(({ node }) => node).filter(({ id }) => id !== user.id);
  const people = others.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` }));
  return (
    <Group align="end">
      <NativeSelect
        label={t.keypair}
        value={search.keypair ?? ""}
        data={[{ value: "", label: t.chooseKeypair }, ...keypairs]}
        onChange={({ currentTarget }) => onChange({ keypair: currentTarget.value || undefined })}
      />
      {managesKeypairs && (
        <>
          <NativeSelect
            label={t.person}
            value={search.user ?? ""}
            data={[{ value: "", label: t.myself }, ...people]}
            onChange={({ currentTarget }) => onChange({ user: currentTarget.value || undefined })}
          />
          <InstantField label={t.at(timeZone)} value={search.at} onChange={(at) => onChange({ at })} />
        </>
      )}
    </Group>
  );
}
