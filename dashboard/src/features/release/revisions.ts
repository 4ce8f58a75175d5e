/** What an edit changed of one field; the field is named as in the schema. */
export interface Change {
  field: string;
  before: unknown;
  after: unknown;
}

export interface Revision {
  number: number;
  at: string;
  by: string;
  changes: readonly Change[];
}

interface Entry {
  tag: string;
  effectiveAt: string;
  actorName: string;
  details: unknown;
  changes: readonly Change[];
}

/** Returns the edits among the entries of a release, the oldest first, each with the revision that it made. */
export function revisionsOf(entries: readonly Entry[]): Revision[] {
  const revisions = entries.flatMap(({ tag, effectiveAt: at, actorName: by, details, changes }) => {
    const number = (details as { revision?: unknown } | null)?.revision;
    return tag === "release:revised" && typeof number === "number" ? [{ number, at, by, changes }] : [];
  });
  return revisions.sort((one, other) => one.number - other.number);
}

/** Returns in what two revisions differ: of several edits of a field the outcome, and nothing that was taken back. */
export function differences(revisions: readonly Revision[], from: number, to: number): Change[] {
  const fields = new Map<string, Change>();
  for (const { number, changes } of revisions) {
    if (number <= from || number > to) continue;
    for (const change of changes) {
      const before = fields.has(change.field) ? fields.get(change.field)?.before : change.before;
      fields.set(change.field, { ...change, before });
    }
  }
  return [...fields.values()].filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
}
