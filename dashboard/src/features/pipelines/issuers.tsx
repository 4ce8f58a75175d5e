import { Group, Text, TextInput } from "@mantine/core";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { usePages } from "@/graphql/use-pages";
import { useMessages } from "@/i18n/locale";
import { ChoiceField } from "@/ui/choice-field";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { DialogButton } from "@/ui/dialog-button";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { PagedList } from "@/ui/paged-list";
import { Section } from "@/ui/section";
import { useDraft } from "@/ui/use-draft";
import { ISSUER_URLS, KINDS } from "./conditions";
import { messages } from "./messages";
import {
  CreateIssuerDocument,
  DeleteIssuerDocument,
  IssuersDocument,
  UpdateIssuerDocument,
  type IssuerRowFragment,
} from "./pipelines.generated";

/** The systems whose tokens are believed. */
export function Issuers() {
  const t = useMessages(messages);
  const pages = usePages(IssuersDocument, {}, ({ trustedIssuers }) => trustedIssuers, ["issuer:"]);
  const create = (
    <DialogButton label={t.newIssuer} compact>
      {(close) => <NewIssuer onClose={close} />}
    </DialogButton>
  );
  return (
    <Section title={t.issuers} aside={create}>
      <PagedList label={t.issuers} pages={pages} empty={t.noIssuer}>
        {(issuer) => <IssuerRow issuer={issuer} />}
      </PagedList>
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
      <Group justify="end" gap="xs">
        <DialogButton label={t.edit} compact refusal={refusalOf(issuer, "UPDATE")}>
          {(close) => <EditIssuer issuer={issuer} onClose={close} />}
        </DialogButton>
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

const INITIAL = {
  name: "",
  kind: KINDS[0] as (typeof KINDS)[number],
  url: ISSUER_URLS[KINDS[0]] ?? "",
  audience: "",
};

function NewIssuer({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const { run, refusals, busy } = useCommand(CreateIssuerDocument, ({ result }) => result, "issuer:");
  const { draft, change, text, errors, rest } = useDraft(INITIAL, refusals, Object.keys(INITIAL));
  const create = async () => {
    const { audience, ...input } = draft;
    if (await run({ input: { ...input, ...(audience && { audience }) } })) onClose();
  };
  return (
    <FormDialog
      title={t.newIssuer}
      action={t.createIssuer}
      busy={busy}
      refusals={rest}
      onSubmit={create}
      onClose={onClose}
    >
      <TextInput label={t.name} {...text("name")} data-autofocus required />
      <ChoiceField
        label={t.kind}
        error={errors.kind}
        value={draft.kind}
        choices={KINDS}
        nameOf={(kind) => t.kinds[kind]}
        onChange={(kind) => change({ kind, url: ISSUER_URLS[kind] ?? "" })}
      />
      <TextInput type="url" label={t.url} description={t.urlHint} {...text("url")} required />
      <TextInput label={t.audience} description={t.audienceHint} {...text("audience")} />
    </FormDialog>
  );
}

/** The form for the name and the audience of an issuer; its address stays, since rules are about it. */
function EditIssuer({ issuer, onClose }: { issuer: IssuerRowFragment; onClose: () => void }) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const { run, refusals, busy } = useCommand(UpdateIssuerDocument, ({ result }) => result, "issuer:");
  const { id, name, url } = issuer;
  const initial = { name, audience: issuer.audience ?? "" };
  const { draft, text, rest } = useDraft(initial, refusals, Object.keys(initial));
  const submit = async () => {
    const audience = draft.audience !== initial.audience && { audience: draft.audience };
    if (await run({ input: { id, name: draft.name, ...audience } })) onClose();
  };
  return (
    <FormDialog
      title={of(t.edit, name)}
      action={save}
      busy={busy}
      refusals={rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput label={t.name} {...text("name")} data-autofocus required />
      <TextInput label={t.url} description={t.urlStays} value={url} readOnly />
      <TextInput label={t.audience} description={t.newAudienceHint} {...text("audience")} />
    </FormDialog>
  );
}
