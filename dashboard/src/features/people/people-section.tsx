import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { Group } from "@mantine/core";
import { useState } from "react";
import type { RefusalFragment } from "@/graphql/fragments.generated";
import type { Refusal } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { DialogButton } from "@/ui/dialog-button";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { PagedList } from "@/ui/paged-list";
import { SearchField } from "@/ui/search-field";
import type { Choice } from "@/ui/search-select";
import { Section } from "@/ui/section";
import { useRefusalsByField } from "@/ui/use-refusals-by-field";
import { messages } from "./messages";
import { PeopleField } from "./people-field";
import { PeopleDocument, type PeopleQueryVariables, type PersonSummaryFragment } from "./people.generated";
import { PersonRow } from "./person-row";

/** A mutation that adds people to something, or takes them from it. */
export interface PeopleChange {
  document: TypedDocumentNode<{ result: { errors: RefusalFragment[] } }, { input: object }>;
  /** The field of its input that has their ids. */
  field: string;
}

interface Texts {
  /** The heading. */
  people: string;
  /** What the people who are added can do. */
  hint: string;
  none: string;
  noneFound: string;
  add: string;
  remove: string;
  /** What the person who is taken away can no longer do. */
  removeText: string;
}

interface Props {
  /** What they belong to. */
  owner: { id: string; name: string };
  filter: NonNullable<PeopleQueryVariables["filter"]>;
  /** Why the person may not change who they are; null if they may. */
  refusal: Refusal | null;
  texts: Texts;
  add: PeopleChange;
  remove: PeopleChange;
  /** The tag under which changes are announced. */
  tag: string;
}

/** The people who belong to something, of whom there may be thousands: they are searched, and come and go one by one. */
export function PeopleSection(props: Props) {
  const { texts, tag, refusal } = props;
  const t = useMessages(messages);
  const [search, setSearch] = useState("");
  const filter = { ...props.filter, search: search || null };
  const pages = usePages(PeopleDocument, { filter }, ({ users }) => users, [tag, "user:"]);
  const add = (
    <DialogButton label={texts.add} compact refusal={refusal}>
      {(close) => <Add {...props} onClose={close} />}
    </DialogButton>
  );
  return (
    <Section title={texts.people} aside={add}>
      <Group>
        <SearchField label={t.search} value={search} onChange={setSearch} />
      </Group>
      <PagedList
        label={texts.people}
        pages={pages}
        empty={search ? texts.noneFound : texts.none}
        onClear={search ? () => setSearch("") : undefined}
      >
        {(person) => (
          <PersonRow person={person} action={refusal === null && <Remove {...props} person={person} />} />
        )}
      </PagedList>
    </Section>
  );
}

function Add({ owner, texts, add, tag, onClose }: Props & { onClose: () => void }) {
  const t = useMessages(messages);
  const { of } = useMessages(common);
  const [chosen, setChosen] = useState<Choice[]>([]);
  const { run, refusals, busy } = useCommand(add.document, ({ result }) => result, tag);
  const { errors, rest, correct } = useRefusalsByField(refusals, [add.field]);
  const change = (changed: Choice[]) => {
    setChosen(changed);
    correct([add.field]);
  };
  const submit = async () => {
    if (await run({ input: { id: owner.id, [add.field]: chosen.map(({ value }) => value) } })) onClose();
  };
  return (
    <FormDialog
      title={of(texts.add, owner.name)}
      action={texts.add}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <PeopleField
        label={t.people}
        description={texts.hint}
        error={errors[add.field]}
        autoFocus
        chosen={chosen}
        onChange={change}
      />
    </FormDialog>
  );
}

function Remove({ owner, texts, remove, tag, person }: Props & { person: PersonSummaryFragment }) {
  const command = useCommand(remove.document, ({ result }) => result, tag);
  const confirm = async (close: () => void) => {
    if (await command.run({ input: { id: owner.id, [remove.field]: [person.id] } })) close();
  };
  return (
    <DialogButton label={texts.remove} color="red" compact>
      {(close) => (
        <ConfirmDialog
          action={texts.remove}
          what={person.name}
          text={texts.removeText}
          color="red"
          command={command}
          onConfirm={() => confirm(close)}
          onClose={close}
        />
      )}
    </DialogButton>
  );
}
