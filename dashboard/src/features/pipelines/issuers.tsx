import { Button, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { byField } from "@/graphql/by-field";
import { useCommand } from "@/graphql/use-command";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { FormDialog } from "@/ui/form-dialog";
import { PagedList } from "@/ui/paged-list";
import { Section } from "@/ui/section";
import { ISSUER_URLS, KINDS } from "./conditions";
import { messages } from "./messages";
import {
  CreateIssuerDocument,
  DeleteIssuerDocument,
  IssuersDocument,
  type IssuerRowFragment,
} from "./pipelines.generated";

/** The systems whose tokens are believed. */
export function Issuers() {
  const t = useMessages(messages);
  const [creating, setCreating] = useState(false);
  const pages = usePages(IssuersDocument, {}, ({ trustedIssuers }) => trustedIssuers, ["issuer:"]);
  const create = (
    <Button size="compact-sm" variant="default" onClick={() => setCreating(true)}>
      {t.newIssuer}
    </Button>
  );
  return (
    <Section title={t.issuers} aside={create}>
      <PagedList label={t.issuers} pages={pages} empty={t.noIssuer}>
        {(issuer) => <IssuerRow issuer={issuer} />}
      </PagedList>
      {creating && <NewIssuer onClose={() => setCreating(false)} />}
    </Section>
  );
}

function IssuerRow({ issuer }: { issuer: IssuerRowFragment }) {
  const t = useMessages(messages);
  const command = useCommand(DeleteIssuerDocument, ({ result }) => result, "issuer:");
  const { id, name, kind, url, audience } = issuer;
  return (
    <>
      <div>
        <Text fw={600}>{name}</Text>
        <Text size="sm">{t.kinds[kind]}</Text>
      </div>
      <div>
        <Text size="sm">{url}</Text>
        {audience && (
          <Text size="sm" c="dimmed">
            {t.audience}: {audience}
          </Text>
        )}
      </div>
      <Group justify="end">
        <ConfirmedAction
          subject={issuer}
          action="DELETE"
          what={name}
          color="red"
          compact
          text={t.DELETE_ISSUER}
          command={command}
          onConfirm={() => command.run({ input: { id } })}
        />
      </Group>
    </>
  );
}

function NewIssuer({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const [draft, setDraft] = useState({
    name: "",
    kind: KINDS[0] as (typeof KINDS)[number],
    url: ISSUER_URLS[KINDS[0]] ?? "",
    audience: "",
  });
  const { run, refusals, busy } = useCommand(CreateIssuerDocument, ({ result }) => result, "issuer:");
  const { fields: errors, rest } = byField(refusals, ["name", "kind", "url", "audience"]);
  const text = (name: "name" | "url" | "audience") => ({
    error: errors[name],
    value: draft[name],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      setDraft((before) => ({ ...before, [name]: currentTarget.value })),
  });
  const choose = (value: string) => {
    const kind = KINDS.find((each) => each === value) ?? draft.kind;
    setDraft((before) => ({ ...before, kind, url: ISSUER_URLS[kind] ?? "" }));
  };
  const create = async () => {
    const { audience, ...input } = draft;
    if (await run({ input: { ...input, ...(audience && { audience }) } })) onClose();
  };
  return (
    <FormDialog
      title={t.newIssuer}
      action={t.newIssuer}
      busy={busy}
      refusals={rest}
      onSubmit={create}
      onClose={onClose}
    >
      <TextInput label={t.name} {...text("name")} data-autofocus required />
      <NativeSelect
        label={t.kind}
        error={errors.kind}
        value={draft.kind}
        data={KINDS.map((value) => ({ value, label: t.kinds[value] }))}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      />
      <TextInput type="url" label={t.url} description={t.urlHint} {...text("url")} required />
      <TextInput label={t.audience} description={t.audienceHint} {...text("audience")} />
    </FormDialog>
  );
}
