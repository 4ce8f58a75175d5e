import { Group, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { Page } from "@/ui/page";
import { MoreButton, Paged } from "@/ui/paged";
import { Entries } from "./entry";
import classes from "./entry.module.css";
import { LedgerFilters } from "./ledger-filters";
import { LedgerDocument, type LedgerRowFragment } from "./ledger.generated";
import { messages } from "./messages";
import type { LedgerSearch } from "./search";
import { VerificationActions } from "./verification/actions";

/** Every event adds an entry, so a tag with any beginning concerns the list. */
const ALL_EVENTS = [""];
/** As many entries as the query reads at once: what they are about is read at once, too. */
const PAGE_ENTRIES = 50;

/** The account's ledger: what happened, by whom, and the hashes that link the entries. */
export function LedgerPage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/ledger" });
  const navigate = useNavigate();
  const show = (filters: LedgerSearch) => navigate({ to: "/ledger", search: filters, replace: true });
  const { tag, actor, release, since, until } = search;
  const filter = { tags: tag ? [tag] : null, actorId: actor, releaseId: release, since, until };
  const pages = usePages(LedgerDocument, { filter }, (data) => data.ledger, ALL_EVENTS);
  const isFiltered = Object.keys(search).length > 0;
  return (
    <Page title={t.title} actions={<VerificationActions />}>
      <Text c="dimmed">{t.intro}</Text>
      <LedgerFilters search={search} onChange={(change) => show({ ...search, ...change })} />
      <Paged pages={pages} empty={t.empty} onClear={isFiltered ? () => show({}) : undefined} skeletonRows={8}>
        {(rows) => (
          <ol className={classes.entries} aria-label={t.title}>
            {chunks(rows).map((entries) => (
              <Entries key={entries[0]?.id} entries={entries} />
            ))}
          </ol>
        )}
      </Paged>
      {pages.hasMore && (
        <Group justify="center">
          <MoreButton pages={pages} />
        </Group>
      )}
    </Page>
  );
}

function chunks(rows: LedgerRowFragment[]): LedgerRowFragment[][] {
  const starts = Array.from({ length: Math.ceil(rows.length / PAGE_ENTRIES) }, (_, page) => page);
  return starts.map((page) => rows.slice(page * PAGE_ENTRIES, (page + 1) * PAGE_ENTRIES));
}
