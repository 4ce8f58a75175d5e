import { Button, Group, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Outdated } from "@/ui/outdated";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty } from "@/ui/section";
import { messages as shared } from "@/ui/messages";
import { Entries } from "./entry";
import classes from "./entry.module.css";
import { LedgerFilters } from "./ledger-filters";
import { LedgerDocument, type LedgerRowFragment } from "./ledger.generated";
import { messages } from "./messages";
import type { LedgerSearch } from "./search";

/** Every event adds an entry, so a tag with any beginning concerns the list. */
const ALL_EVENTS = [""];
/** As many entries as the query reads at once: what they are about is read at once, too. */
const PAGE_ENTRIES = 50;

/** The account's ledger: what happened, by whom, and the hashes that link the entries. */
export function LedgerPage(): ReactNode {
  const t = useMessages(messages);
  const { more } = useMessages(shared);
  const search = useSearch({ from: "/ledger" });
  const navigate = useNavigate();
  const show = (filters: LedgerSearch) => navigate({ to: "/ledger", search: filters, replace: true });
  const { tag, actor, release, since, until } = search;
  const filter = { tags: tag ? [tag] : null, actorId: actor, releaseId: release, since, until };
  const pages = usePages(LedgerDocument, { filter }, (data) => data.ledger, ALL_EVENTS);
  const isFiltered = Object.keys(search).length > 0;
  return (
    <Page title={t.title}>
      <Text c="dimmed">{t.intro}</Text>
      <LedgerFilters search={search} onChange={(change) => show({ ...search, ...change })} />
      <Outdated pages={pages} />
      <QueryState
        state={{ ...pages, data: pages.loading && pages.rows.length === 0 ? undefined : pages.rows }}
        rows={8}
      >
        {(rows) =>
          rows.length > 0 ? (
            <ol className={classes.entries} aria-label={t.title}>
              {chunks(rows).map((entries) => (
                <Entries key={entries[0]?.id} entries={entries} />
              ))}
            </ol>
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
              {t.empty}
            </Empty>
          )
        }
      </QueryState>
      {pages.hasMore && (
        <Group justify="center">
          <Button variant="default" onClick={pages.loadMore}>
            {more}
          </Button>
        </Group>
      )}
    </Page>
  );
}

function chunks(rows: LedgerRowFragment[]): LedgerRowFragment[][] {
  const starts = Array.from({ length: Math.ceil(rows.length / PAGE_ENTRIES) }, (_, page) => page);
  return starts.map((page) => rows.slice(page * PAGE_ENTRIES, (page + 1) * PAGE_ENTRIES));
}
