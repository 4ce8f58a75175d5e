import { ZOOM_NAMES, type Zoom } from "./view";

export interface TimelineSearch {
  zoom?: Zoom;
  /** The instant that the view is around, in UTC; without it, now. */
  at?: string;
}

export function timelineSearch({ zoom, at }: Record<string, unknown>): TimelineSearch {
  const known = ZOOM_NAMES.find((name) => name === zoom);
  return { ...(known && { zoom: known }), ...(typeof at === "string" && !isNaN(Date.parse(at)) && { at }) };
}
