import { Group, NativeSelect, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession, useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { SearchField } from "@/ui/search-field";
import { NewKeypair } from "./forms/new-keypair";
import { Holder } from "./holder";
import { KeypairBadge } from "./keypair-badge";
import { KeypairsDocument, type KeypairSummaryFragment } from "./keypairs.generated";
import { messages } from "./messages";
import { filterOf, keypairSearch, STATES, type KeypairSearch } from "./search";

/** The keypairs that the person may see: which are free, and what holds the others. */
export function KeypairsPage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/keypairs" });
  const navigate = useNavigate();
  const variables = { filter: filterOf(search) };
  const pages = usePages(KeypairsDocument, variables, ({ keypairs }) => keypairs, ["keypair:", "release:"]);
  const show = (filters: KeypairSearch) => navigate({ to: "/keypairs", search: filters, replace: true });
  const isFiltered = Object.values(search).some(Boolean);
  return (
    <Page title={t.title} actions={<Create />}>
      <Filters search={search} onChange={(change) => show(keypairSearch({ ...search, ...change }))} />
      <PagedList
        label={t.title}
        pages={pages}
        empty={isFiltered ? t.emptyFiltered : t.empty}
        onClear={isFiltered ? () => show({}) : undefined}
        wide="third"
      >
        {(keypair) => <KeypairRow keypair={keypair} />}
      </PagedList>
    </Page>
  );
}

function Create() {
  const t = useMessages(messages);
  const { account } = useSession();
  return (
    <DialogButton label={t.create} refusal={refusalOf(account, "CREATE_KEYPAIR")}>
      {(close) => <NewKeypair onClose={close} />}
    </DialogButton>
  );
}

interface FiltersProps {
  search: KeypairSearch;
  /** Gets what was entered; an empty text is no filter. */
  onChange: (change: Partial<Record<keyof KeypairSearch, string>>) => void;
}

function Filters({ search: { search, state }, onChange }: FiltersProps) {
  const t = useMessages(messages);
  return (
    <Group gap="sm" align="end">
      <SearchField label={t.search} value={search ?? ""} onChange={(text) => onChange({ search: text })} />
      <NativeSelect
        label={t.state}
        value={state ?? ""}
        data={[
          { value: "", label: t.anyState },
          ...STATES.map((value) => ({ value, label: t.filters[value] })),
        ]}
        onChange={({ currentTarget }) => onChange({ state: currentTarget.value })}
      />
    </Group>
  );
}

function KeypairRow({ keypair }: { keypair: KeypairSummaryFragment }) {
  const word = useWords();
  return (
    <>
      <Group gap="xs">
        <TextLink to="/keypairs/$id" params={{ id: keypair.id }} fw={600}>
          {keypair.alias}
        </TextLink>
        <KeypairBadge keypair={keypair} />
      </Group>
      <div>
        {word("types", keypair.type)} · {word("categories", keypair.category)}
        <Text size="xs" c="dimmed">
          {keypair.algorithm}
        </Text>
      </div>
      <div>{keypair.heldBy && <Holder release={keypair.heldBy} />}</div>
    </>
  );
}
