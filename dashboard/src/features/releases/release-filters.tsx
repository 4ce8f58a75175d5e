import { ActionIcon, Chip, Group, NativeSelect, Stack } from "@mantine/core";
import { IconSortAscending, IconSortDescending } from "@tabler/icons-react";
import { useWords } from "@/app/session";
import type { ReleaseStatus } from "@/graphql/schema.generated";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { SearchField } from "@/ui/search-field";
import { messages } from "./messages";
import { ORDERS, STATUSES, TYPES, type ReleaseSearch } from "./search";

interface Props {
  search: ReleaseSearch;
  counts: Partial<Record<ReleaseStatus, number>>;
  onChange: (change: Partial<ReleaseSearch>) => void;
}

/** The filters of the list as chips, each status with how many releases have it. */
export function ReleaseFilters({ search, counts, onChange }: Props) {
  const t = useMessages(messages);
  const word = useWords();
  const { number } = useFormats();
  const counted = (status: ReleaseStatus) => ` ${number(counts[status] ?? 0)}`;
  return (
    <Stack gap="sm">
      <Group gap="sm" align="end">
        <SearchField
          label={t.search}
          value={search.search ?? ""}
          onChange={(text) => onChange({ search: text || undefined })}
        />
        <Order search={search} onChange={onChange} />
      </Group>
      <Group gap="xs" role="group" aria-label={t.status}>
        <Chip.Group multiple value={search.status ?? []} onChange={(status) => onChange({ status: status })}>
          {STATUSES.map((status) => (
            <Chip key={status} value={status} size="xs" variant="outline">
              {word("statuses", status)}
              {counted(status)}
            </Chip>
          ))}
        </Chip.Group>
      </Group>
      <Group gap="xs" role="group" aria-label={t.type}>
        <Chip.Group multiple value={search.type ?? []} onChange={(type) => onChange({ type: type })}>
          {TYPES.map((type) => (
            <Chip key={type} value={type} size="xs" variant="outline">
              {word("types", type)}
            </Chip>
          ))}
        </Chip.Group>
        <Chip
          size="xs"
          variant="outline"
          checked={search.mine ?? false}
          onChange={(on) => onChange({ mine: on || undefined })}
        >
          {t.mine}
        </Chip>
        <Chip
          size="xs"
          variant="outline"
          checked={search.awaitingMe ?? false}
          onChange={(on) => onChange({ awaitingMe: on || undefined })}
        >
          {t.awaitingMe}
        </Chip>
      </Group>
    </Stack>
  );
}

function Order({ search, onChange }: Pick<Props, "search" | "onChange">) {
  const t = useMessages(messages);
  const ascending = search.direction === "ASC";
  return (
    <Group gap="xs" align="end" wrap="nowrap">
      <NativeSelect
        label={t.order}
        value={search.order ?? "STARTS_AT"}
        data={ORDERS.map((value) => ({ value, label: t.orders[value] }))}
        onChange={({ currentTarget }) => onChange({ order: currentTarget.value as ReleaseSearch["order"] })}
      />
      <ActionIcon
        variant="default"
        size={36}
        aria-label={ascending ? t.ascending : t.descending}
        onClick={() => onChange({ direction: ascending ? "DESC" : "ASC" })}
      >
        {ascending ? <IconSortAscending size={18} /> : <IconSortDescending size={18} />}
      </ActionIcon>
    </Group>
  );
}
