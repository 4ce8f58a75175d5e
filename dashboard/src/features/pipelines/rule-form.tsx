import { Alert, Checkbox, Group, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/app/session";
import type { Permission } from "@/graphql/schema.generated";
import { keypairsToChoose } from "@/graphql/keypairs-to-choose";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Dialog } from "@/ui/dialog";
import { FormDialog } from "@/ui/form-dialog";
import { messages as common } from "@/ui/messages";
import { SearchMultiSelect } from "@/ui/search-multi-select";
import type { Choice } from "@/ui/search-select";
import { useDraft, type DraftFormProps } from "@/ui/use-draft";
import { ConditionFields } from "./condition-fields";
import { draftOf, firstConditions, inputOf, SCOPES, type ConditionDraft } from "./conditions";
import { messages } from "./messages";
import {
  CreateRuleDocument,
  RuleChoicesDocument,
  UpdateRuleDocument,
  type RuleChoicesQuery,
  type RuleRowFragment,
} from "./pipelines.generated";

const FIELDS = [
  "issuerId",
  "name",
  "userId",
  "conditions",
  "scopes",
  "keypairIds",
  "lifetimeSeconds",
] as const;
const MINUTE_SECONDS = 60;
const FIELD_NAMES = { keypairs: "keypairIds", minutes: "lifetimeSeconds" };
const CONCERNS = ["issuer:", "user:", "keypair:"];

interface Draft {
  name: string;
  issuerId: string;
  userId: string;
  conditions: ConditionDraft[];
  scopes: Permission[];
  keypairs: Choice[];
  minutes: number;
}

type Issuer = NonNullable<RuleChoicesQuery["trustedIssuers"]>["edges"][number]["node"];

const commandOf = ({ keypairs, conditions, minutes, name, userId, scopes }: Draft) => ({
  name,
  userId,
  scopes,
  conditions: inputOf(conditions),
  keypairIds: keypairs.map(({ value }) => value),
  lifetimeSeconds: minutes * MINUTE_SECONDS,
});

/** The form for a new rule, for which there has to be an issuer and a service user. */
export function NewRule({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const { data } = useLiveQuery({ query: RuleChoicesDocument, variables: { alias: null } }, CONCERNS);
  const command = useCommand(CreateRuleDocument, ({ result }) => result, "pipeline:");
  if (!data) return null;
  const [issuer] = data.trustedIssuers?.edges ?? [];
  const [user] = data.users?.edges ?? [];
  if (!issuer || !user) {
    return (
      <Dialog title={t.newRule} onClose={onClose}>
        <Alert color="gray">{issuer ? t.noUser : t.needsIssuer}</Alert>
      </Dialog>
    );
  }
  const create = async (draft: Draft) => {
    if (await command.run({ input: { issuerId: draft.issuerId, ...commandOf(draft) } })) onClose();
  };
  const initial: Draft = {
    name: "",
    issuerId: issuer.node.id,
    userId: user.node.id,
    conditions: firstConditions(issuer.node.kind),
    scopes: ["SIGN", "VIEW_RELEASES"],
    keypairs: [],
    minutes: 15,
  };
  return (
    <RuleForm
      title={t.newRule}
      action={t.createRule}
      initial={initial}
      isNew
      command={command}
      onSubmit={create}
      onClose={onClose}
    />
  );
}

/** The form for a rule that there is; its issuer stays. */
export function EditRule({ rule, onClose }: { rule: RuleRowFragment; onClose: () => void }) {
  const t = useMessages(messages);
  const { of, save } = useMessages(common);
  const command = useCommand(UpdateRuleDocument, ({ result }) => result, "pipeline:");
  const submit = async (draft: Draft) => {
    if (await command.run({ input: { id: rule.id, ...commandOf(draft) } })) onClose();
  };
  const initial: Draft = {
    name: rule.name,
    issuerId: rule.issuer.id,
    userId: rule.user.id,
    conditions: rule.conditions.map(draftOf),
    scopes: [...rule.scopes],
    keypairs: rule.keypairs.map(({ id, alias }) => ({ value: id, label: alias })),
    minutes: rule.lifetimeSeconds / MINUTE_SECONDS,
  };
  return (
    <RuleForm
      title={of(t.edit, rule.name)}
      action={save}
      initial={initial}
      isNew={false}
      command={command}
      onSubmit={submit}
      onClose={onClose}
    />
  );
}

interface FormProps extends DraftFormProps<Draft> {
  isNew: boolean;
}

function RuleForm({ initial, isNew, command, onSubmit, ...dialog }: FormProps) {
  const t = useMessages(messages);
  const { draft, change, text, errors, rest } = useDraft(initial, command.refusals, FIELDS, FIELD_NAMES);
  const [alias, setAlias] = useState("");
  const choices = useLiveQuery({ query: RuleChoicesDocument, variables: { alias: alias || null } }, CONCERNS);
  const nodes = <Node,>(connection: { edges: { node: Node }[] } | null | undefined) =>
    (connection?.edges ?? []).map(({ node }) => node);
  const issuers: Issuer[] = nodes(choices.data?.trustedIssuers);
  const kind = issuers.find(({ id }) => id === draft.issuerId)?.kind ?? "OTHER";
  const chooseIssuer = (id: string) => {
    const chosen = issuers.find((each) => each.id === id);
    if (chosen) change({ issuerId: id, conditions: firstConditions(chosen.kind) });
  };
  return (
    <FormDialog {...dialog} busy={command.busy} refusals={rest} onSubmit={() => onSubmit(draft)}>
      <TextInput label={t.name} {...text("name")} data-autofocus required />
      {isNew && (
        <NativeSelect
          label={t.issuer}
          error={errors.issuerId}
          value={draft.issuerId}
          data={issuers.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={({ currentTarget }) => chooseIssuer(currentTarget.value)}
        />
      )}
      <ConditionFields
        kind={kind}
        conditions={draft.conditions}
        error={errors.conditions}
        onChange={(conditions) => change({ conditions })}
      />
      <NativeSelect
        label={t.user}
        error={errors.userId}
        value={draft.userId}
        data={nodes(choices.data?.users).map(({ id, name }) => ({ value: id, label: name }))}
        onChange={({ currentTarget }) => change({ userId: currentTarget.value })}
      />
      <ScopeField draft={draft} error={errors.scopes} change={change} />
      <SearchMultiSelect
        label={t.keypairs}
        description={t.keypairsHint}
        error={errors.keypairIds}
        chosen={draft.keypairs}
        choices={keypairsToChoose(choices.data?.keypairs).map((each) => ({
          value: each.id,
          label: each.alias,
        }))}
        onSearch={setAlias}
        onChange={(keypairs) => change({ keypairs })}
      />
      <NumberInput
        label={t.minutes}
        error={errors.lifetimeSeconds}
        min={1}
        max={15}
        allowDecimal={false}
        value={draft.minutes}
        onChange={(value) => change({ minutes: Number(value) })}
      />
    </FormDialog>
  );
}

interface ScopeProps {
  draft: Draft;
  error: string | undefined;
  change: (one: Partial<Draft>) => void;
}

function ScopeField({ draft, error, change }: ScopeProps) {
  const t = useMessages(messages);
  const word = useWords();
  return (
    <Checkbox.Group
      label={t.scopes}
      error={error}
      value={draft.scopes}
      onChange={(chosen) => change({ scopes: SCOPES.filter((scope) => chosen.includes(scope)) })}
    >
      <Group mt="xs">
        {SCOPES.map((scope) => (
          <Checkbox key={scope} value={scope} label={word("permissions", scope)} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}
