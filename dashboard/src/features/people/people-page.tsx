import { Group, NativeSelect } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { DialogButton } from "@/ui/dialog-button";
import { Page } from "@/ui/page";
import { PagedList } from "@/ui/paged-list";
import { SearchField } from "@/ui/search-field";
import { messages } from "./messages";
import { NewPerson } from "./new-person";
import { PeopleDocument } from "./people.generated";
import { PersonRow } from "./person-row";
import { filterOf, KINDS, peopleSearch, type PeopleSearch } from "./search";

/** The people of the account; service users and who is deactivated on request. */
export function PeoplePage(): ReactNode {
  const t = useMessages(messages);
  const { account } = useSession();
  const search = useSearch({ from: "/people" });
  const navigate = useNavigate();
  const variables = { filter: filterOf(search) };
  const pages = usePages(PeopleDocument, variables, ({ users }) => users, ["user:", "role:"]);
  const show = (filters: PeopleSearch) => navigate({ to: "/people", search: filters, replace: true });
  const change = (one: Partial<Record<keyof PeopleSearch, string>>) =>
    show(peopleSearch({ ...search, ...one }));
  const isFiltered = Object.keys(search).length > 0;
  return (
    <Page
      title={t.people}
      actions={
        <DialogButton label={t.newPerson} refusal={refusalOf(account, "CREATE_USER")}>
          {(close) => <NewPerson onClose={close} />}
        </DialogButton>
      }
    >
      <Group gap="sm" align="end">
        <SearchField
          label={t.search}
          value={search.search ?? ""}
          onChange={(text) => change({ search: text })}
        />
        <NativeSelect
          label={t.shown}
          value={search.kind ?? ""}
          data={[
            { value: "", label: t.activePeople },
            ...KINDS.map((value) => ({ value, label: t.kinds[value] })),
          ]}
          onChange={({ currentTarget }) => change({ kind: currentTarget.value })}
        />
      </Group>
      <PagedList
        label={t.people}
        pages={pages}
        empty={t.noPeople}
        onClear={isFiltered ? () => show({}) : undefined}
      >
        {(person) => <PersonRow person={person} />}
      </PagedList>
    </Page>
  );
}
