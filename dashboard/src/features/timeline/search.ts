import { ZOOM_NAMES, type Zoom } from "./view";

export interface TimelineSearch {
  zoom?: Zoom;
  /** The instant that the view is around, in UTC; without it, now. */
  at?: string;
  /** A part of the names of the keypairs that are shown. */
  keypair?: string;
}

/** Returns what an address says of the timeline; what it says that is none of it is ignored. */
export function timelineSearch({ zoom, at, keypair }: Record<string, unknown>): TimelineSearch {
  const known = ZOOM_NAMES.find((name) => name === zoom);
  return {
    ...(known && { zoom: known }),
    ...(typeof at === "string" && !isNaN(Date.parse(at)) && { at }),
    ...((typeof keypair === "string" || typeof keypair === "number") && { keypair: String(keypair) }),
  };
}
