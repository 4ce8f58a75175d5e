import { Alert, Checkbox, Group, Stack, Switch } from "@mantine/core";
import { useState } from "react";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { messages as common } from "@/ui/messages";
import { SearchField } from "@/ui/search-field";
import type { FieldProps } from "./fields";
import { messages } from "./messages";
import {
  ChosenKeypairsDocument,
  RequestOptionsDocument,
  type KeypairOptionFragment,
} from "./request.generated";

const CONCERNS = ["keypair:", "release:", "team:"];

/** The keypairs that fit what was chosen before; one that another release holds says which, and until when. */
export function KeypairField({ draft, errors, change, own }: FieldProps & { own: string | null }) {
  const t = useMessages(messages);
  const { nothingFits } = useMessages(common);
  const { instant } = useFormats();
  const [search, setSearch] = useState("");
  const { type, category, teamId, withDefaultCertificate } = draft;
  const filter = {
    type: [type],
    category: [category],
    teamIds: teamId ? [teamId] : null,
    aliasContains: search || null,
    enabled: true,
  };
  const { data } = useLiveQuery({ query: RequestOptionsDocument, variables: { filter } }, CONCERNS);
  const listed = (data?.keypairs?.edges ?? [])
    .map(({ node }) => node)
    .filter(({ hasDefaultCertificate }) => hasDefaultCertificate || !withDefaultCertificate);
  const keypairs = [...useChosen(draft.keypairIds, listed), ...listed];
  const isSearched = search !== "" || data?.keypairs?.pageInfo.hasNextPage === true;
  return (
    <Stack gap="sm">
      {isSearched && (
        <Group>
          <SearchField label={t.searchKeypairs} value={search} onChange={setSearch} />
        </Group>
      )}
      <Checkbox.Group
        label={t.keypairs}
        description={t.keypairsHint}
        error={errors.keypairIds}
        value={draft.keypairIds}
        onChange={(keypairIds) => change({ keypairIds })}
        required
      >
        <Stack gap="xs" mt="xs">
          {keypairs.map(({ id, alias, algorithm, heldBy }) => {
            const isHeld = heldBy !== null && heldBy.id !== own;
            return (
              <Checkbox
                key={id}
                value={id}
                label={alias}
                description={isHeld ? t.heldBy(heldBy.name, instant(heldBy.endsAt)) : algorithm}
                disabled={isHeld}
              />
            );
          })}
        </Stack>
      </Checkbox.Group>
      {data && keypairs.length === 0 && <Alert color="gray">{isSearched ? nothingFits : t.noKeypair}</Alert>}
      <Switch
        label={t.certificate}
        error={errors.withDefaultCertificate}
        checked={withDefaultCertificate}
        onChange={({ currentTarget }) => change({ withDefaultCertificate: currentTarget.checked })}
      />
    </Stack>
  );
}

/** Returns those that are chosen already and are not among what is listed: a link or an earlier search named them. */
function useChosen(
  ids: readonly string[],
  listed: readonly KeypairOptionFragment[],
): KeypairOptionFragment[] {
  const missing = ids.filter((id) => !listed.some((each) => each.id === id));
  const query = { query: ChosenKeypairsDocument, variables: { ids: missing }, pause: missing.length === 0 };
  const { data } = useLiveQuery(query, CONCERNS);
  const nodes = (data?.nodes ?? []).flatMap((node) => (node && "alias" in node ? [node] : []));
  return nodes.filter(({ id }) => missing.includes(id));
}
