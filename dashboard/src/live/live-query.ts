import { useQuery, type AnyVariables, type UseQueryArgs, type UseQueryState } from "urql";
import { useAnnounced } from "./signals";

/**
 * Returns the result of a query, which is read again when an event begins with one of the prefixes. What an event
 * brings itself, like the status of a release, is in the cache already and needs no reading.
 */
export function useLiveQuery<Data, Variables extends AnyVariables>(
  args: UseQueryArgs<Variables, Data>,
  prefixes: readonly string[],
): UseQueryState<Data, Variables> & { reload: () => void } {
  const [state, execute] = useQuery(args);
  const reload = () => execute({ requestPolicy: "network-only" });
  useAnnounced(args.pause ? [] : prefixes, reload);
  return { ...state, reload };
}
