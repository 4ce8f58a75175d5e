import { TagsInput, TextInput } from "@mantine/core";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { useDraft, type DraftFormProps } from "@/ui/use-draft";
import { messages } from "./messages";
import {
  CreateWebhookDocument,
  UpdateWebhookDocument,
  type WebhookDetailFragment,
} from "./webhooks.generated";

const FIELDS = ["name", "url", "tags"] as const;

interface Draft {
  name: string;
  url: string;
  tags: string[];
}

interface NewProps {
  onCreated: (id: string, secret: string) => void;
  onClose: () => void;
}

/** The form for a new webhook, which receives what happens to releases unless something else is chosen. */
export function NewWebhook({ onCreated, onClose }: NewProps) {
  const t = useMessages(messages);
  const command = useCommand(CreateWebhookDocument, ({ result }) => result, "webhook:");
  const create = async (input: Draft) => {
    const payload = await command.run({ input });
    if (payload?.webhook && payload.secret) onCreated(payload.webhook.id, payload.secret);
  };
  return (
    <WebhookForm
      title={t.new}
      action={t.create}
      initial={{ name: "", url: "", tags: ["release:*"] }}
      command={command}
      onSubmit={create}
      onClose={onClose}
    />
  );
}

/** The form for the name, the address and the events of a webhook that there is. */
export function EditWebhook({ webhook, onClose }: { webhook: WebhookDetailFragment; onClose: () => void }) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const command = useCommand(UpdateWebhookDocument, ({ result }) => result, "webhook:");
  const submit = async (draft: Draft) => {
    if (await command.run({ input: { id: webhook.id, ...draft } })) onClose();
  };
  return (
    <WebhookForm
      title={of(t.edit, webhook.name)}
      action={save}
      initial={{ name: webhook.name, url: webhook.url, tags: [...webhook.tags] }}
      command={command}
      onSubmit={submit}
      onClose={onClose}
    />
  );
}

function WebhookForm({ initial, command, onSubmit, ...dialog }: DraftFormProps<Draft>) {
  const t = useMessages(messages);
  const { remove } = useMessages(common);
  const { draft, change, text, errors, rest } = useDraft(initial, command.refusals, FIELDS);
  return (
    <FormDialog {...dialog} busy={command.busy} refusals={rest} onSubmit={() => onSubmit(draft)}>
      <TextInput label={t.name} description={t.nameHint} {...text("name")} data-autofocus required />
      <TextInput type="url" label={t.url} description={t.urlHint} {...text("url")} required />
      <TagsInput
        label={t.tags}
        description={t.tagsHint}
        error={errors.tags}
        value={draft.tags}
        onChange={(tags) => change({ tags })}
        clearButtonProps={{ "aria-label": remove(t.tags) }}
      />
    </FormDialog>
  );
}
