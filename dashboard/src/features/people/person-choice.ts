import type { Choice } from "@/ui/search-select";
import type { PersonChoiceFragment } from "./people.generated";

/** Returns a person as fields show them: with the address, since names may be alike. */
export function personChoice({ id, name, email }: PersonChoiceFragment): Choice {
  return { value: id, label: `${name} (${email})` };
}
