import { Alert, Button, Group, SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { useNow } from "@/app/clock";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty } from "@/ui/section";
import { Lanes } from "./lanes";
import { messages } from "./messages";
import { LanesDocument, TimelineDocument } from "./timeline.generated";
import { viewAround, ZOOM_NAMES, ZOOMS, type View, type Zoom } from "./view";

/** When each keypair is held by which release: a lane for each, with the present as a line. */
export function TimelinePage(): ReactNode {
  const t = useMessages(messages);
  const { zoom = "day", at } = useSearch({ from: "/timeline" });
  const [opened] = useState(useNow());
  const view = viewAround(at ? Date.parse(at) : opened, zoom);
  const lanes = useLiveQuery({ query: LanesDocument }, ["keypair:"]);
  const pages = useReleasesIn(view);
  return (
    <Page title={t.title} actions={<Controls zoom={zoom} view={view} />}>
      {pages.hasMore && <Alert p="xs">{t.truncated}</Alert>}
      <QueryState state={lanes} rows={6}>
        {({ keypairs }) =>
          keypairs && keypairs.edges.length > 0 ? (
            <Lanes
              keypairs={keypairs.edges.map(({ node }) => node)}
              releases={pages.rows}
              view={view}
              zoom={zoom}
            />
          ) : (
            <Empty>{t.empty}</Empty>
          )
        }
      </QueryState>
    </Page>
  );
}

/** All releases of a view, however many pages they are. */
function useReleasesIn({ from, until }: View) {
  const variables = { from: new Date(from).toISOString(), until: new Date(until).toISOString() };
  const concerns = ["release:requested", "release:revised", "release:closed", "release:stopped"];
  const pages = usePages(TimelineDocument, variables, (data) => data.releases, concerns);
  const { hasMore, loadMore, outdated, reload } = pages;
  useEffect(() => {
    if (outdated) reload();
    else if (hasMore) loadMore();
  }, [hasMore, loadMore, outdated, reload]);
  return pages;
}

function Controls({ zoom, view }: { zoom: Zoom; view: View }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const { span } = ZOOMS[zoom];
  const middle = view.from + span / 4;
  const show = (at: number | undefined, chosen: Zoom = zoom) =>
    navigate({
      to: "/timeline",
      search: { zoom: chosen, at: at === undefined ? undefined : new Date(at).toISOString() },
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
