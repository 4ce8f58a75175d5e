import type { DataField, UpdateResolver, UpdatesConfig } from "@urql/exchange-graphcache";

type Event = Record<string, DataField | undefined>;

/**
 * Returns what links an event's entities to the cache. The cache forgets what its last link is taken from, and to what an
 * event brings there is none: it would be kept for as long as the page is open. The next event takes this link over.
 */
function linked(subscription: string, entitiesOf: (event: Event) => DataField | undefined): UpdateResolver {
  return (data, _args, cache) => {
    const event = data[subscription] as Event | null;
    cache.link("Query", `newestOf.${subscription}`, ((event && entitiesOf(event)) ?? null) as never);
  };
}

/** What the cache keeps of the events that are followed: the newest of each kind. */
export const FOLLOWED: UpdatesConfig = {
  Subscription: {
    releaseEvents: linked("releaseEvents", ({ release }) => release),
    inboxEvents: linked("inboxEvents", ({ began }) => began),
    accountEvents: linked("accountEvents", ({ subject }) => subject),
  },
};
