import { useQuery } from "urql";
import { LedgerSubjectsDocument, type LedgerRowFragment, type LedgerSubjectsQuery } from "./ledger.generated";

export type Subject = NonNullable<NonNullable<LedgerSubjectsQuery["nodes"]>[number]>;

/** Returns what entries are about, and the keypairs of signatures, by their ids; read at once for all; what cannot be seen is missing. */
export function useSubjects(entries: readonly LedgerRowFragment[]): ReadonlyMap<string, Subject> {
  const ids = [
    ...new Set(
      entries.flatMap(({ subjectId, keypairId }) => [subjectId, keypairId].filter((id) => id !== null)),
    ),
  ];
  const [{ data }] = useQuery({
    query: LedgerSubjectsDocument,
    variables: { ids },
    pause: ids.length === 0,
    requestPolicy: "cache-first",
  });
  const visible = (data?.nodes ?? []).filter((node) => node !== null);
  return new Map(visible.map((node) => [node.id, node]));
}

/** Returns what a thing is called, or null for one that has no name of its own. */
export function nameOf(subject: Subject): string | null {
  if ("alias" in subject) return subject.alias;
  return "name" in subject ? subject.name : null;
}
