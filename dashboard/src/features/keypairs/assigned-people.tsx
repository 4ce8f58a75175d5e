import { PeopleSection, type PeopleChange } from "@/features/people/people-section";
import { refusalOf } from "@/graphql/refusal";
import { useMessages } from "@/i18n/locale";
import { UpdateKeypairDocument, type KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";

const document = UpdateKeypairDocument as PeopleChange["document"];
const ADD: PeopleChange = { document, field: "addUserIds" };
const REMOVE: PeopleChange = { document, field: "removeUserIds" };

/** The people who alone may sign with a restricted keypair. */
export function AssignedPeople({ keypair }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const { id, alias } = keypair;
  const texts = {
    people: t.users,
    hint: t.assignHint,
    none: t.nobodyAssigned,
    noneFound: t.noneAssignedFound,
    add: t.assign,
    remove: t.unassign,
    removeText: t.unassignText,
  };
  return (
    <PeopleSection
      owner={{ id, name: alias }}
      filter={{ keypairId: id }}
      refusal={refusalOf(keypair, "UPDATE")}
      texts={texts}
      add={ADD}
      remove={REMOVE}
      tag="keypair:"
    />
  );
}
