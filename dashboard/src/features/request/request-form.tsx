import {
  Button,
  Card,
  Group,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { useSession, useWords } from "@/app/session";
import { CATEGORIES } from "@/graphql/enum-values";
import type { Refusal } from "@/graphql/refusal";
import type { KeypairCategory, ReleaseType } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { Refusals } from "@/ui/refusals";
import { Section } from "@/ui/section";
import { useDraft } from "@/ui/use-draft";
import type { Draft } from "./draft";
import type { FieldProps } from "./fields";
import { KeypairField } from "./keypair-field";
import { messages } from "./messages";
import { WhoFields } from "./who-fields";
import { WindowFields } from "./window-fields";

interface Props {
  initial: Draft;
  /** The id of the release that is edited. */
  edited: string | null;
  /** What becomes of the approval of the release that is edited, if it is saved with this draft. */
  effect?: (draft: Draft) => string;
  refusals: readonly Refusal[];
  busy: boolean;
  onSubmit: (draft: Draft) => void;
}

/** The form of a release. What the server refuses is shown at its fields, all at once. */
export function RequestForm({ initial, edited, effect, refusals, busy, onSubmit }: Props) {
  const t = useMessages(messages);
  const { draft, change, errors, rest } = useDraft(initial, refusals, Object.keys(initial));
  const props = { draft, errors, change };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit(draft);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg" maw={760}>
        <Part title={t.what}>
          <WhatFields {...props} />
        </Part>
        <Part title={t.who}>
          <WhoFields {...props} />
          <KeypairField {...props} own={edited} />
          <NumberInput
            label={t.maximum}
            error={errors.maxSignatures}
            value={draft.maxSignatures}
            onChange={(maxSignatures) => change({ maxSignatures })}
            min={1}
            allowDecimal={false}
            required
          />
        </Part>
        <Part title={t.when}>
          <WindowFields {...props} />
        </Part>
        {effect && <Text size="sm">{effect(draft)}</Text>}
        <Refusals refusals={rest} />
        <Group>
          <Button type="submit" loading={busy}>
            {edited ? t.save : t.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Section title={title}>
      <Card withBorder>
        <Stack>{children}</Stack>
      </Card>
    </Section>
  );
}

function WhatFields({ draft, errors, change }: FieldProps) {
  const t = useMessages(messages);
  const word = useWords();
  const { account } = useSession();
  return (
    <>
      <TextInput
        label={t.name}
        description={t.nameHint}
        error={errors.name}
        value={draft.name}
        onChange={({ currentTarget }) => change({ name: currentTarget.value })}
        data-autofocus
        required
      />
      <TextInput
        label={t.version}
        error={errors.version}
        value={draft.version}
        onChange={({ currentTarget }) => change({ version: currentTarget.value })}
      />
      <Choice
        label={t.type}
        error={errors.type}
        value={draft.type}
        options={account.enabledReleaseTypes.map((value) => ({ value, label: word("types", value) }))}
        onChange={(type) => change({ type: type as ReleaseType, keypairIds: [] })}
      />
      <Choice
        label={t.category}
        error={errors.category}
        value={draft.category}
        options={CATEGORIES.map((value) => ({ value, label: word("categories", value) }))}
        onChange={(category) => change({ category: category as KeypairCategory, keypairIds: [] })}
      />
      <Textarea
        label={t.note}
        description={t.noteHint}
        error={errors.note}
        value={draft.note}
        onChange={({ currentTarget }) => change({ note: currentTarget.value })}
        autosize
        minRows={2}
      />
    </>
  );
}

interface ChoiceProps {
  label: string;
  error: string | undefined;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
}

function Choice({ label, error, value, options, onChange }: ChoiceProps) {
  return (
    <div role="group" aria-label={label}>
      <Text size="sm" fw="var(--mantine-font-weight-medium)" mb={4}>
        {label}
      </Text>
      <SegmentedControl value={value} data={options} onChange={onChange} />
      {error && (
        <Text size="sm" c="var(--mantine-color-error)">
          {error}
        </Text>
      )}
    </div>
  );
}
