import { Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useNow } from "@/app/clock";
import { useSession, useWords } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import type { LanesQuery, TimelineQuery } from "./timeline.generated";
import classes from "./timeline.module.css";
import { placeOf, spanOf, ticksOf, type View, type Zoom } from "./view";

type Keypair = NonNullable<LanesQuery["keypairs"]>["edges"][number]["node"];
type Release = NonNullable<TimelineQuery["releases"]>["edges"][number]["node"];

interface Props {
  keypairs: Keypair[];
  releases: Release[];
  view: View;
  zoom: Zoom;
}

/** The lanes of all keypairs, below each other. */
export function Lanes({ keypairs, releases, view, zoom }: Props) {
  const byKeypair = useMemo(() => {
    const lanes = new Map<string, Release[]>();
    for (const release of releases)
      for (const { id } of release.keypairs) lanes.set(id, [...(lanes.get(id) ?? []), release]);
    return lanes;
  }, [releases]);
  return (
    // It scrolls sideways on a phone, which has to be possible with the keyboard, too.
    <div className={classes.frame} tabIndex={0} role="group" aria-label={useMessages(messages).title}>
      <div className={classes.grid}>
        <Axis view={view} zoom={zoom} />
        {keypairs.map((keypair) => (
          <Lane key={keypair.id} keypair={keypair} releases={byKeypair.get(keypair.id) ?? []} view={view} />
        ))}
      </div>
    </div>
  );
}

function Axis({ view, zoom }: Pick<Props, "view" | "zoom">) {
  const { day, time } = useFormats();
  const everyOther = zoom === "day" || zoom === "week";
  const labelled = ticksOf(view, zoom).filter((_, index) => !everyOther || index % 2 === 0);
  return (
    <div className={classes.lane} aria-hidden>
      <div />
      <div className={classes.track}>
        {labelled.map((tick) => (
          <div
            key={tick}
            className={classes.tick}
            style={{ left: `${placeOf(tick, view.until, view)?.left}%` }}
          >
            {zoom === "week" || zoom === "month"
              ? day(tick)
              : zoom === "day"
                ? `${day(tick)} ${time(tick)}`
                : time(tick)}
          </div>
        ))}
        <NowLine view={view} />
      </div>
    </div>
  );
}

function NowLine({ view }: { view: View }) {
  const place = placeOf(useNow(), view.until, view);
  return place && <div className={classes.now} style={{ left: `${place.left}%` }} />;
}

function Lane({ keypair, releases, view }: { keypair: Keypair; releases: Release[]; view: View }) {
  const t = useMessages(messages);
  const { can } = useSession();
  return (
    <div className={classes.lane} role="group" aria-label={keypair.alias}>
      <div className={classes.name}>
        <Text size="sm" fw={600} truncate>
          {keypair.alias} {!keypair.enabled && `(${t.disabled})`}
        </Text>
        {can("REQUEST_RELEASE") && keypair.enabled && (
          <Link
            to="/request"
            search={{ keypair: keypair.id, startsAt: freeFrom(releases) }}
            aria-label={t.request(keypair.alias)}
          >
            <IconPlus size={16} />
          </Link>
        )}
      </div>
      <div className={classes.track}>
        {releases.map((release) => (
          <Bar key={release.id} release={release} view={view} />
        ))}
        <NowLine view={view} />
      </div>
    </div>
  );
}

const ENDED = new Set(["COMPLETED", "FAILED", "REJECTED"]);

/** Returns when the keypair is free again, if a release holds it; a request then starts there. */
function freeFrom(releases: Release[]): string | undefined {
  return releases.find(({ status }) => !ENDED.has(status))?.endsAt;
}

function Bar({ release, view }: { release: Release; view: View }) {
  const t = useMessages(messages);
  const word = useWords();
  const { instant } = useFormats();
  const [start, end] = spanOf(release);
  const place = placeOf(start, end, view);
  if (!place) return null;
  const { id, name, version, status } = release;
  const label = [name, version].filter(Boolean).join(" ");
  const text = t.bar(label, word("statuses", status), instant(start), instant(end));
  return (
    <Link
      to="/releases/$id"
      params={{ id }}
      className={classes.bar}
      data-status={status}
      style={{ left: `${place.left}%`, width: `${place.width}%` }}
      title={text}
      aria-label={text}
    >
      {label}
    </Link>
  );
}
