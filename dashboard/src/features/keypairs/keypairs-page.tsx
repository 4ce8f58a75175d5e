import { Button, Group, NativeSelect, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useWords } from "@/app/session";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { TextLink } from "@/ui/links";
import { messages as common } from "@/ui/messages";
import { Outdated } from "@/ui/outdated";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/section";
import { Holder } from "./holder";
import { KeypairBadge } from "./keypair-badge";
import { KeypairsDocument, type KeypairSummaryFragment } from "./keypairs.generated";
import classes from "./keypairs.module.css";
import { messages } from "./messages";
import { filterOf, keypairSearch, STATES, type KeypairSearch } from "./search";

/** The keypairs that the person may see: which are free, and what holds the others. */
export function KeypairsPage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/keypairs" });
  const navigate = useNavigate();
  const { more } = useMessages(common);
  const variables = { filter: filterOf(search) };
  const pages = usePages(KeypairsDocument, variables, ({ keypairs }) => keypairs, ["keypair:", "release:"]);
  const show = (filters: KeypairSearch) => navigate({ to: "/keypairs", search: filters, replace: true });
  const isFiltered = Object.values(search).some(Boolean);
  return (
    <Page title={t.title}>
      <Filters search={search} onChange={(change) => show(keypairSearch({ ...search, ...change }))} />
      <Outdated pages={pages} />
      <QueryState
        state={{ ...pages, data: pages.loading && pages.rows.length === 0 ? undefined : pages.rows }}
      >
        {(rows) =>
          rows.length > 0 ? (
            <KeypairList keypairs={rows} />
          ) : (
            <Empty
              action={
                isFiltered && (
                  <Button variant="default" onClick={() => show({})}>
                    {t.clear}
                  </Button>
                )
              }
            >
              {isFiltered ? t.emptyFiltered : t.empty}
            </Empty>
          )
        }
      </QueryState>
      {pages.hasMore && (
        <Button variant="default" onClick={pages.loadMore}>
          {more}
        </Button>
      )}
    </Page>
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
          ...STATES.map((value) => ({ value, label: t.states[value] })),
        ]}
        onChange={({ currentTarget }) => onChange({ state: currentTarget.value })}
      />
    </Group>
  );
}

function KeypairList({ keypairs }: { keypairs: KeypairSummaryFragment[] }) {
  const t = useMessages(messages);
  const word = useWords();
  return (
    <ul className={classes.list} aria-label={t.title}>
      {keypairs.map((keypair) => (
        <li key={keypair.id} className={classes.row}>
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
        </li>
      ))}
    </ul>
  );
}
