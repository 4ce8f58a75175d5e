import { SimpleGrid } from "@mantine/core";
import { useState } from "react";
import { useSession } from "@/app/session";
import { keypairsToChoose } from "@/graphql/keypairs-to-choose";
import { useLocale, useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { InstantField } from "@/ui/instant-field";
import { SearchSelect, type Choice } from "@/ui/search-select";
import { ChosenDocument, KeypairChoicesDocument, PersonChoicesDocument } from "./can-i-sign.generated";
import { messages } from "./messages";
import type { CanISignSearch } from "./search";

interface Props {
  search: CanISignSearch;
  onChange: (change: Partial<CanISignSearch>) => void;
}

/** For which keypair, person and instant it is asked. Only who manages keypairs asks for others and other instants. */
export function Choices({ search: { keypair, user, at }, onChange }: Props) {
  const t = useMessages(messages);
  const { can } = useSession();
  const { timeZone } = useLocale();
  const variables = {
    keypairId: keypair ?? "",
    withKeypair: Boolean(keypair),
    userId: user ?? "",
    withUser: Boolean(user),
  };
  const { data } = useLiveQuery({ query: ChosenDocument, variables }, ["keypair:", "user:"]);
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }}>
      <KeypairChoice
        chosen={keypair && data?.keypair ? choiceOfKeypair(data.keypair) : null}
        onChange={(id) => onChange({ keypair: id })}
      />
      {can("MANAGE_KEYPAIRS") && (
        <>
          <PersonChoice
            chosen={user && data?.user ? choiceOfPerson(data.user) : null}
            onChange={(id) => onChange({ user: id })}
          />
          <InstantField label={t.at(timeZone)} value={at} onChange={(instant) => onChange({ at: instant })} />
        </>
      )}
    </SimpleGrid>
  );
}

interface ChoiceProps {
  chosen: Choice | null;
  onChange: (id: string | undefined) => void;
}

const choiceOfKeypair = ({ id, alias }: { id: string; alias: string }) => ({ value: id, label: alias });
const choiceOfPerson = ({ id, name, email }: { id: string; name: string; email: string }) => ({
  value: id,
  label: `${name} (${email})`,
});

function KeypairChoice(props: ChoiceProps) {
  const t = useMessages(messages);
  const [search, setSearch] = useState("");
  const variables = { search: search || null };
  const { data } = useLiveQuery({ query: KeypairChoicesDocument, variables }, ["keypair:"]);
  const choices = keypairsToChoose(data?.keypairs).map(choiceOfKeypair);
  return (
    <SearchSelect
      label={t.keypair}
      placeholder={t.chooseKeypair}
      choices={choices}
      onSearch={setSearch}
      {...props}
    />
  );
}

function PersonChoice(props: ChoiceProps) {
  const t = useMessages(messages);
  const { user } = useSession();
  const [search, setSearch] = useState("");
  const variables = { search: search || null };
  const { data } = useLiveQuery({ query: PersonChoicesDocument, variables }, ["user:"]);
  const others = (data?.users?.edges ?? []).map(({ node }) => node).filter(({ id }) => id !== user.id);
  return (
    <SearchSelect
      label={t.person}
      placeholder={t.myself}
      choices={others.map(choiceOfPerson)}
      onSearch={setSearch}
      {...props}
    />
  );
}
