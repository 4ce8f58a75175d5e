import { Group, NativeSelect, Pill, SimpleGrid } from "@mantine/core";
import { useQuery } from "urql";
import { useSession } from "@/app/session";
import { useLocale, useMessages } from "@/i18n/locale";
import { InstantField } from "@/ui/instant-field";
import { messages as shared } from "@/ui/messages";
import { LedgerPeopleDocument, LedgerReleaseDocument } from "./ledger.generated";
import { messages } from "./messages";
import type { LedgerSearch } from "./search";

interface Props {
  search: LedgerSearch;
  onChange: (change: LedgerSearch) => void;
}

/** What happened, who caused it, and when; the filter by a release comes from an entry and can only be removed. */
export function LedgerFilters({ search, onChange }: Props) {
  const t = useMessages(messages);
  const { vocabulary } = useSession();
  const { timeZone } = useLocale();
  const events = (vocabulary?.tags ?? []).map(({ text, title }) => ({ value: text, label: title }));
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="sm" verticalSpacing="xs">
        <NativeSelect
          label={t.event}
          value={search.tag ?? ""}
          data={[{ value: "", label: t.everyEvent }, ...events]}
          onChange={({ currentTarget }) => onChange({ tag: currentTarget.value || undefined })}
        />
        <PersonField value={search.actor} onChange={(actor) => onChange({ actor })} />
        <InstantField
          label={t.since(timeZone)}
          value={search.since}
          onChange={(since) => onChange({ since })}
        />
        <InstantField
          label={t.until(timeZone)}
          value={search.until}
          onChange={(until) => onChange({ until })}
        />
      </SimpleGrid>
      {search.release && (
        <ReleasePill id={search.release} onRemove={() => onChange({ release: undefined })} />
      )}
    </>
  );
}

interface PersonProps {
  value: string | undefined;
  onChange: (id: string | undefined) => void;
}

/** The first people by name, and whoever is chosen, who may be a later one. */
function PersonField({ value, onChange }: PersonProps) {
  const t = useMessages(messages);
  const variables = { actorId: value ?? "", withActor: value !== undefined };
  const [{ data }] = useQuery({ query: LedgerPeopleDocument, variables });
  const first = (data?.users?.edges ?? []).map(({ node }) => node);
  const chosen = data?.user;
  const people = chosen && first.every(({ id }) => id !== chosen.id) ? [chosen, ...first] : first;
  return (
    <NativeSelect
      label={t.person}
      value={value ?? ""}
      data={[
        { value: "", label: t.everyPerson },
        ...people.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` })),
      ]}
      onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
    />
  );
}

function ReleasePill({ id, onRemove }: { id: string; onRemove: () => void }) {
  const t = useMessages(messages);
  const { clear } = useMessages(shared);
  const [{ data }] = useQuery({ query: LedgerReleaseDocument, variables: { id } });
  return (
    <Group>
      <Pill
        size="md"
        withRemoveButton
        onRemove={onRemove}
        removeButtonProps={{ "aria-label": clear, "aria-hidden": false, tabIndex: 0 }}
      >
        {t.onlyRelease(data?.release?.name ?? t.unnamed)}
      </Pill>
    </Group>
  );
}
