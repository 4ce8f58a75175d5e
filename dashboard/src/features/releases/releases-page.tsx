import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/app/session";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { ButtonLink } from "@/ui/links";
import { Page } from "@/ui/page";
import { Paged } from "@/ui/paged";
import { messages } from "./messages";
import { ReleaseFilters } from "./release-filters";
import { ReleaseTable } from "./release-table";
import { ReleaseCountsDocument, ReleasesDocument } from "./releases.generated";
import type { ReleaseSearch } from "./search";

/** What changes which releases a list has; signatures change only their rows. */
const LIST_EVENTS = ["release:requested", "release:revised", "release:approved", "release:opened"].concat([
  "release:closed",
  "release:expired",
  "release:rejected",
  "release:stopped",
  "release:withdrawn",
]);

/** All releases that the person may see: filtered, searched, counted. */
export function ReleasesPage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/releases" });
  const { status, order, direction, ...filter } = search;
  const { can } = useSession();
  const navigate = useNavigate();
  const counts = useLiveQuery({ query: ReleaseCountsDocument, variables: { filter } }, LIST_EVENTS);
  const variables = {
    filter: { ...filter, status },
    orderBy: { field: order ?? ("STARTS_AT" as const), direction: direction ?? ("DESC" as const) },
  };
  const pages = usePages(ReleasesDocument, variables, (data) => data.releases, LIST_EVENTS);
  const show = (filters: ReleaseSearch) => navigate({ to: "/releases", search: filters, replace: true });
  const groups = counts.data?.releaseCounts ?? [];
  const byStatus = Object.fromEntries(groups.map(({ status, count }) => [status ?? "", count] as const));
  const isFiltered = Boolean(status) || Object.keys(filter).length > 0;
  return (
    <Page
      title={t.title}
      actions={can("REQUEST_RELEASE") && <ButtonLink to="/request">{t.request}</ButtonLink>}
    >
      <ReleaseFilters
        search={search}
        counts={byStatus}
        onChange={(change) => show({ ...search, ...change })}
      />
      <Paged
        pages={pages}
        empty={isFiltered ? t.emptyFiltered : t.empty}
        onClear={isFiltered ? () => show({}) : undefined}
        skeletonRows={8}
      >
        {() => <ReleaseTable pages={pages} />}
      </Paged>
    </Page>
  );
}
