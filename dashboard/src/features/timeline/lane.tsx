import { Text } from "@mantine/core";
import { IconAlertTriangle, IconPlus } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { memo, useMemo, type MouseEvent } from "react";
import { useNow } from "@/app/clock";
import { useSession, useWords } from "@/app/session";
import type { ReleaseSummaryFragment } from "@/graphql/fragments.generated";
import { useFormats } from "@/i18n/formats";
import { useLocale, useMessages } from "@/i18n/locale";
import { barPlaces, gapOf, holdOf, startIn, type Span } from "./lane-rules";
import { messages } from "./messages";
import type { LanesQuery } from "./timeline.generated";
import classes from "./timeline.module.css";
import { placeOf, spanOf, type Place, type View, type Zoom } from "./view";

export type Keypair = NonNullable<LanesQuery["keypairs"]>["edges"][number]["node"];

/** The height of a lane. */
export const LANE_PIXELS = 44;
/** The least width of a bar: what is shorter would be hard to see and to hit. */
const BAR_PIXELS = 8;

interface Props {
  keypair: Keypair;
  /** Those of the keypair: it is held by one at a time, so that only windows that never opened overlap others. */
  releases: readonly ReleaseSummaryFragment[];
  freezes: readonly Span[];
  view: View;
  zoom: Zoom;
  topPixels: number;
  /** The width of the view on the screen; 0 before it is known. */
  trackPixels: number;
}

/**
 * One keypair: the releases that had it, until when it is held, and when it can be requested. It stays as it is while
 * others come and go.
 */
export const Lane = memo(function Lane(props: Props) {
  const { keypair, releases, freezes, view, zoom, topPixels, trackPixels } = props;
  const t = useMessages(messages);
  const bars = useMemo(() => barsOf(releases, view, trackPixels), [releases, view, trackPixels]);
  return (
    <div
      className={`${classes.lane} ${classes.virtual}`}
      role="group"
      aria-label={keypair.alias}
      style={{ transform: `translateY(${topPixels}px)`, height: LANE_PIXELS }}
    >
      <div className={classes.name}>
        <Text size="sm" fw={600} truncate title={keypair.alias}>
          {keypair.alias} {!keypair.enabled && `(${t.disabled})`}
        </Text>
      </div>
      <div className={classes.track} data-disabled={!keypair.enabled}>
        <Hold keypair={keypair} view={view} />
        <Gap keypair={keypair} view={view} zoom={zoom} />
        {freezes.map((span) => (
          <SpanMark key={span[0]} span={span} view={view} className={classes.freeze} />
        ))}
        {bars.map(({ release, place }) => (
          <Bar key={release.id} release={release} place={place} view={view} />
        ))}
        <NowLine view={view} />
      </div>
    </div>
  );
});

/** The releases with their places; those whose window never opened are first, behind the others. */
function barsOf(releases: readonly ReleaseSummaryFragment[], view: View, trackPixels: number) {
  const minimum = trackPixels && (100 * BAR_PIXELS) / trackPixels;
  const places = barPlaces(releases.map(spanOf), view, minimum);
  const bars = releases.map((release, index) => ({ release, place: places[index] ?? null }));
  return bars.sort((one, other) => Number(wasOpened(one.release)) - Number(wasOpened(other.release)));
}

const wasOpened = ({ startsAt, endedAt }: ReleaseSummaryFragment) =>
  endedAt === null || Date.parse(endedAt) > Date.parse(startsAt);

/** The present, as a line. */
export function NowLine({ view }: { view: View }) {
  const place = placeOf(useNow(), view.until, view);
  return place && <div className={classes.now} style={{ left: `${place.left}%` }} />;
}

/** A span of time behind the bars. */
export function SpanMark({
  span: [start, end],
  view,
  className,
  title,
}: {
  span: Span;
  view: View;
  className: string | undefined;
  title?: string;
}) {
  const place = placeOf(start, end, view);
  const style = place && { left: `${place.left}%`, width: `${place.width}%` };
  return style && <div className={className} style={style} title={title} />;
}

function Hold({ keypair, view }: { keypair: Keypair; view: View }) {
  const t = useMessages(messages);
  const { instant } = useFormats();
  const span = holdOf(keypair);
  if (!span || !keypair.heldBy) return null;
  const title = t.held(keypair.heldBy.name, instant(keypair.heldBy.endsAt));
  return <SpanMark span={span} view={view} className={classes.hold} title={title} />;
}

/** The time for which the keypair can be requested: a click requests it from there on, a key from the earliest. */
function Gap({ keypair, view, zoom }: { keypair: Keypair; view: View; zoom: Zoom }) {
  const t = useMessages(messages);
  const { can } = useSession();
  const { timeZone } = useLocale();
  const navigate = useNavigate();
  const gap = gapOf(keypair, view, useNow());
  const place = gap && placeOf(...gap, view);
  if (!place || !can("REQUEST_RELEASE")) return null;
  const search = { keypair: keypair.id, startsAt: startIn(gap, 0, zoom, timeZone) };
  const startAtPointer = (event: MouseEvent<HTMLAnchorElement>) => {
    // A key has no place, and a new tab gets the link as it is.
    if (event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const startsAt = startIn(gap, (event.clientX - left) / width, zoom, timeZone);
    void navigate({ to: "/request", search: { keypair: keypair.id, startsAt } });
  };
  return (
    <Link
      to="/request"
      search={search}
      className={classes.gap}
      style={{ left: `${place.left}%`, width: `${place.width}%` }}
      title={t.request(keypair.alias)}
      aria-label={t.request(keypair.alias)}
      onClick={startAtPointer}
    >
      <IconPlus size={16} aria-hidden />
    </Link>
  );
}

interface BarProps {
  release: ReleaseSummaryFragment;
  place: Place | null;
  view: View;
}

function Bar({ release, place, view }: BarProps) {
  const t = useMessages(messages);
  const word = useWords();
  const { instant } = useFormats();
  const [start, end] = spanOf(release);
  const planned = Date.parse(release.endsAt);
  const rest = placeOf(end, planned, view);
  if (!place && !rest) return null;
  const { id, name, version, status, approval } = release;
  const isHopeless = status === "PENDING" && approval !== null && !approval.canBeMet;
  const label = [name, version].filter(Boolean).join(" ");
  const text = [
    t.bar(label, word("statuses", status), instant(start), instant(end)),
    end < planned && t.planned(instant(planned)),
    isHopeless && t.hopeless,
  ];
  const title = text.filter(Boolean).join(", ");
  return (
    <>
      {rest && <div className={classes.rest} style={{ left: `${rest.left}%`, width: `${rest.width}%` }} />}
      {place && (
        <Link
          to="/releases/$id"
          params={{ id }}
          className={classes.bar}
          data-status={status}
          style={{ left: `${place.left}%`, width: `${place.width}%` }}
          title={title}
          aria-label={title}
        >
          {isHopeless && <IconAlertTriangle size={14} aria-hidden />} {label}
        </Link>
      )}
    </>
  );
}
