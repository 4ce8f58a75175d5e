import { Alert, Button, Group, SegmentedControl } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { serverNow, useNow } from "@/app/clock";
import { useSession, useWords } from "@/app/session";
import type { ReleaseStatus } from "@/graphql/schema.generated";
import { usePages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useLocale, useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Page } from "@/ui/page";
import { Paged } from "@/ui/paged";
import { SearchField } from "@/ui/search-field";
import { freezesIn, type Span } from "./lane-rules";
import { Lanes } from "./lanes";
import { messages } from "./messages";
import { FreezesDocument, LanesDocument, TimelineDocument } from "./timeline.generated";
import classes from "./timeline.module.css";
import { viewAround, ZOOM_NAMES, ZOOMS, type View, type Zoom } from "./view";

/** What changes which releases hold which keypairs, and when. */
const CONCERNS = ["requested", "revised", "rejected", "withdrawn", "expired", "closed", "stopped"].map(
  (event) => `release:${event}`,
);

/** When each keypair is held by which release: a lane for each, with the present as a line. */
export function TimelinePage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/timeline" });
  const { zoom = "day", at, keypair } = search;
  const navigate = useNavigate();
  const [opened] = useState(serverNow);
  const { timeZone } = useLocale();
  const view = viewAround(at ? Date.parse(at) : opened, zoom, timeZone);
  const lanes = usePages(
    LanesDocument,
    { filter: keypair ? { aliasContains: keypair } : null },
    (data) => data.keypairs,
    ["keypair:", ...CONCERNS],
  );
  const releases = useReleasesIn(view);
  const freezes = useFreezes(view, opened);
  const find = (text: string) =>
    navigate({ to: "/timeline", search: { ...search, keypair: text || undefined }, replace: true });
  return (
    <Page title={t.title} actions={<Controls zoom={zoom} view={view} />}>
      <Group>
        <SearchField label={t.search} value={keypair ?? ""} onChange={find} />
      </Group>
      {releases.hasMore && (
        <Alert role="status" p="xs">
          {t.truncated}
        </Alert>
      )}
      <Paged pages={lanes} empty={keypair ? t.emptyFiltered : t.empty} skeletonRows={6}>
        {() => (
          <>
            <Lanes keypairs={lanes} releases={releases.rows} freezes={freezes} view={view} zoom={zoom} />
            <Legend freezes={freezes} />
          </>
        )}
      </Paged>
    </Page>
  );
}

/** All releases of a view, however many pages they are. */
function useReleasesIn({ from, until }: View) {
  const variables = { from: new Date(from).toISOString(), until: new Date(until).toISOString() };
  const pages = usePages(TimelineDocument, variables, (data) => data.releases, CONCERNS);
  const { hasMore, loadMore, outdated, reload } = pages;
  useEffect(() => {
    if (outdated) reload();
    else if (hasMore) loadMore();
  }, [hasMore, loadMore, outdated, reload]);
  return pages;
}

/** When signing was frozen in a view; of the past, for those who may read the ledger. */
function useFreezes(view: View, opened: number): Span[] {
  const { account, can } = useSession();
  const since = new Date(view.from).toISOString();
  const pause = !can("VIEW_LEDGER");
  const { data } = useLiveQuery({ query: FreezesDocument, variables: { since }, pause }, ["account:"]);
  const changes = data?.ledger?.edges
    .flatMap(({ node: { effectiveAt, changes } }) =>
      changes
        .filter(({ field }) => field === "signingFrozen")
        .map(({ after }) => ({ at: Date.parse(effectiveAt), frozen: after === true })),
    )
    .reverse();
  return freezesIn(changes ?? null, account.signingFrozen, view, opened);
}

/** The statuses by the look of their bars, in the order of a release's life. */
const BAR_STATUSES: readonly (readonly ReleaseStatus[])[] = [
  ["PENDING"],
  ["APPROVED", "ACTIVE"],
  ["IN_PROGRESS"],
  ["COMPLETED"],
  ["FAILED", "REJECTED"],
];

/** What the colours and marks mean, and the freezes of the view in words. */
function Legend({ freezes }: { freezes: readonly Span[] }) {
  const t = useMessages(messages);
  const word = useWords();
  const { instant } = useFormats();
  const now = useNow();
  return (
    <ul className={classes.legend}>
      {BAR_STATUSES.map((statuses) => (
        <li key={statuses[0]}>
          <span className={classes.swatch} aria-hidden>
            <span className={classes.bar} data-status={statuses[0]} />
          </span>
          {statuses.map((status) => word("statuses", status)).join(", ")}
        </li>
      ))}
      <li>
        <span className={classes.swatch} aria-hidden>
          <span className={classes.hold} style={{ inset: 0 }} />
        </span>
        {t.legend.hold}
      </li>
      <li>
        <span className={classes.swatch} aria-hidden>
          <IconPlus size={14} style={{ margin: "auto" }} />
        </span>
        {t.legend.gap}
      </li>
      <li>
        <span className={classes.swatch} aria-hidden>
          <span className={classes.rest} />
        </span>
        {t.legend.rest}
      </li>
      {freezes.map(([from, until]) => (
        <li key={from}>
          <span className={classes.swatch} aria-hidden>
            <span className={classes.freeze} style={{ inset: 0 }} />
          </span>
          {t.freezeSpan(instant(from), until > now ? null : instant(until))}
        </li>
      ))}
    </ul>
  );
}

function Controls({ zoom, view }: { zoom: Zoom; view: View }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const search = useSearch({ from: "/timeline" });
  const { span } = ZOOMS[zoom];
  const middle = view.from + span / 4;
  const show = (at: number | undefined, chosen: Zoom = zoom) =>
    navigate({
      to: "/timeline",
      search: { ...search, zoom: chosen, at: at === undefined ? undefined : new Date(at).toISOString() },
      replace: true,
    });
  return (
    <Group gap="xs">
      <SegmentedControl
        aria-label={t.zoom}
        value={zoom}
        data={ZOOM_NAMES.map((value) => ({ value, label: t.zooms[value] }))}
        onChange={(value) => show(middle, value)}
      />
      <Button variant="default" onClick={() => show(middle - span / 2)}>
        {t.earlier}
      </Button>
      <Button variant="default" onClick={() => show(undefined)}>
        {t.now}
      </Button>
      <Button variant="default" onClick={() => show(middle + span / 2)}>
        {t.later}
      </Button>
    </Group>
  );
}
