import { Alert, Checkbox, Stack, Switch } from "@mantine/core";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import type { FieldProps } from "./fields";
import { messages } from "./messages";
import { RequestOptionsDocument } from "./request.generated";

/** The keypairs that fit what was chosen before; one that another release holds says which, and until when. */
export function KeypairField({ draft, errors, change, own }: FieldProps & { own: string | null }) {
  const t = useMessages(messages);
  const { instant } = useFormats();
  const { type, category, teamId, withDefaultCertificate } = draft;
  const variables = { type, category, teamIds: teamId ? [teamId] : null };
  const { data } = useLiveQuery({ query: RequestOptionsDocument, variables }, [
    "keypair:",
    "release:",
    "team:",
  ]);
  const keypairs = (data?.keypairs?.edges ?? [])
    .map(({ node }) => node)
    .filter(({ hasDefaultCertificate }) => hasDefaultCertificate || !withDefaultCertificate);
  return (
    <Stack gap="sm">
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
      {data && keypairs.length === 0 && <Alert color="gray">{t.noKeypair}</Alert>}
      <Switch
        label={t.certificate}
        error={errors.withDefaultCertificate}
        checked={withDefaultCertificate}
        onChange={({ currentTarget }) => change({ withDefaultCertificate: currentTarget.checked })}
      />
    </Stack>
  );
}
