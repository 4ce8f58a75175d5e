import { Alert, Button, Card, Checkbox, Group, NumberInput, Stack, Switch } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { FormEvent, ReactNode } from "react";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { RELEASE_TYPES } from "@/graphql/enum-values";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { ChoiceField } from "@/ui/choice-field";
import { RefusalText } from "@/ui/refusal-text";
import { Refusals } from "@/ui/refusals";
import { Section } from "@/ui/section";
import { useDraft } from "@/ui/use-draft";
import { UpdateAccountDocument, type AccountDetailFragment } from "./account.generated";
import { changedRules, FIELDS, ordered, QUOTAS, type Rules } from "./choices";
import { messages } from "./messages";

interface PartProps {
  draft: Rules;
  errors: Record<string, string>;
  disabled: boolean;
  change: (one: Partial<Rules>) => void;
}

/** The rules by which the account's releases are requested, approved and used; whoever may not change them reads them. */
export function RulesForm({ account }: { account: AccountDetailFragment }) {
  const t = useMessages(messages);
  const { run, refusals, busy } = useCommand(UpdateAccountDocument, ({ result }) => result, "account:");
  const { draft, change, errors, rest } = useDraft<Rules>(account, refusals, FIELDS);
  const refusal = refusalOf(account, "UPDATE");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const input = changedRules(account, draft);
    const isChanged = Object.keys(input).length > 0;
    if (isChanged && !(await run({ input }))) return;
    notifications.show({ message: isChanged ? t.saved : t.nothingChanged });
  };
  const part: PartProps = {
    draft,
    errors,
    disabled: refusal !== null,
    change,
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        {refusal && (
          <Alert color="gray">
            <RefusalText refusal={refusal} />
          </Alert>
        )}
        <Part title={t.approvals}>
          <ApprovalRules {...part} />
        </Part>
        <Part title={t.releases}>
          <ReleaseRules {...part} />
        </Part>
        <Part title={t.signing}>
          <SigningRules {...part} />
        </Part>
        <Part title={t.people}>
          <Switches {...part} names={["usersMayRenameThemselves"]} />
        </Part>
        <Refusals refusals={rest} />
        {refusal === null && (
          <Group justify="flex-end">
            <Button type="submit" loading={busy}>
              {t.save}
            </Button>
          </Group>
        )}
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

function ApprovalRules(part: PartProps) {
  const t = useMessages(messages);
  const { draft, errors, disabled, change } = part;
  return (
    <>
      <NumberInput
        label={t.requiredApprovals}
        description={t.requiredApprovalsHint}
        error={errors.requiredApprovals}
        disabled={disabled}
        min={1}
        allowDecimal={false}
        value={draft.requiredApprovals}
        onChange={(value) => change({ requiredApprovals: Number(value) })}
      />
      <Switches {...part} names={["allowSelfApproval", "reapproveOnEdit", "signedInApprovals"]} />
    </>
  );
}

function ReleaseRules(part: PartProps) {
  const t = useMessages(messages);
  const word = useWords();
  const { draft, errors, disabled, change } = part;
  return (
    <>
      <Switches {...part} names={["teamsEnabled"]} hints={{ teamsEnabled: t.teamsEnabledHint }} />
      <Checkbox.Group
        label={t.enabledReleaseTypes}
        error={errors.enabledReleaseTypes}
        value={[...draft.enabledReleaseTypes]}
        onChange={(types) => change({ enabledReleaseTypes: ordered(types) })}
      >
        <Group mt="xs">
          {RELEASE_TYPES.map((type) => (
            <Checkbox key={type} value={type} label={word("types", type)} disabled={disabled} />
          ))}
        </Group>
      </Checkbox.Group>
      <NumberInput
        label={t.maxWindowDays}
        error={errors.maxWindowDays}
        disabled={disabled}
        min={1}
        allowDecimal={false}
        value={draft.maxWindowDays}
        onChange={(value) => change({ maxWindowDays: Number(value) })}
      />
    </>
  );
}

function SigningRules(part: PartProps) {
  const t = useMessages(messages);
  const { draft, errors, disabled, change } = part;
  return (
    <>
      <Switches {...part} names={["restrictSigningToReleases", "offlineCertification"]} />
      <ChoiceField
        label={t.quotaOnOnline}
        error={errors.quotaOnOnline}
        disabled={disabled}
        value={draft.quotaOnOnline}
        choices={QUOTAS}
        nameOf={(quota) => t.quotas[quota]}
        onChange={(quotaOnOnline) => change({ quotaOnOnline })}
      />
    </>
  );
}

type SwitchName = {
  [Name in keyof Rules]: Rules[Name] extends boolean ? Name : never;
}[keyof Rules];

function Switches({
  draft,
  errors,
  disabled,
  change,
  names,
  hints = {},
}: PartProps & { names: readonly SwitchName[]; hints?: Partial<Record<SwitchName, string>> }) {
  const t = useMessages(messages);
  return names.map((name) => (
    <Switch
      key={name}
      label={t[name]}
      description={hints[name]}
      error={errors[name]}
      disabled={disabled}
      checked={draft[name]}
      onChange={({ currentTarget }) => change({ [name]: currentTarget.checked })}
    />
  ));
}
