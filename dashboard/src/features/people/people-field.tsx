import { useState } from "react";
import { useLiveQuery } from "@/live/live-query";
import { SearchMultiSelect } from "@/ui/search-multi-select";
import type { Choice } from "@/ui/search-select";
import { PeopleChoicesDocument } from "./people.generated";
import { personChoice } from "./person-choice";

interface Props {
  label: string;
  description?: string;
  error?: string | undefined;
  autoFocus?: boolean;
  chosen: readonly Choice[] | null;
  onChange: (chosen: Choice[]) => void;
}

/** A field in which people are chosen, whom the server finds by parts of their names or e-mail addresses. */
export function PeopleField(field: Props) {
  const [search, setSearch] = useState("");
  const { data } = useLiveQuery({ query: PeopleChoicesDocument, variables: { search: search || null } }, []);
  const people = (data?.users?.edges ?? []).map(({ node }) => personChoice(node));
  return <SearchMultiSelect {...field} choices={people} onSearch={setSearch} />;
}
