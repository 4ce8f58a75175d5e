import { useQuery } from "urql";
import { useWords } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";
import { NamesDocument } from "./release.generated";
import type { Change } from "./revisions";

const INSTANTS = new Set(["startsAt", "endsAt"]);
const OF_IDS = new Set(["teamId", "keypairIds", "participantIds"]);

/** Returns how changes are written: what a field is called, and its value as pages show it. */
export function useChangeWords(changes: readonly Change[]) {
  const t = useMessages(messages);
  const word = useWords();
  const formats = useFormats();
  const names = useNames(changes);
  const valueOf = (field: string, value: unknown): string => {
    if (value === null || value === undefined || value === "") return t.nothing;
    if (Array.isArray(value)) return value.map((each) => valueOf(field, each)).join(", ") || t.nothing;
    if (typeof value === "boolean") return value ? t.yes : t.no;
    if (typeof value === "number") return formats.number(value);
    if (typeof value !== "string") return JSON.stringify(value);
    if (INSTANTS.has(field)) return formats.instant(value);
    if (field === "type") return word("types", value);
    if (field === "category") return word("categories", value);
    return OF_IDS.has(field) ? (names.get(value) ?? t.unnamed) : value;
  };
  const fields: Record<string, string> = t.fields;
  return { nameOf: (field: string) => fields[field] ?? field, valueOf };
}

/** Returns the names of those keypairs, people and teams among the changes that the person may see. */
function useNames(changes: readonly Change[]): ReadonlyMap<string, string> {
  const values = changes
    .filter(({ field }) => OF_IDS.has(field))
    .flatMap(({ before, after }) => [before, after].flat());
  const ids = [...new Set(values.filter((value) => typeof value === "string"))];
  const [{ data }] = useQuery({
    query: NamesDocument,
    variables: { ids },
    pause: ids.length === 0,
    requestPolicy: "cache-first",
  });
  const named = (data?.nodes ?? []).flatMap((node) => {
    if (!node) return [];
    const name = "alias" in node ? node.alias : "name" in node ? node.name : null;
    return name === null ? [] : [[node.id, name] as const];
  });
  return new Map(named);
}
