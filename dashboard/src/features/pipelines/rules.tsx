import { Alert, Group, Stack, Text } from "@mantine/core";
import { useWords } from "@/app/session";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { usePages } from "@/graphql/use-pages";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { ConfirmedAction } from "@/ui/confirmed-action";
import { DialogButton } from "@/ui/dialog-button";
import { TextLink } from "@/ui/links";
import { PagedList } from "@/ui/paged-list";
import { Section } from "@/ui/section";
import { draftOf } from "./conditions";
import { messages } from "./messages";
import { DeleteRuleDocument, RulesDocument, type RuleRowFragment } from "./pipelines.generated";
import { EditRule, NewRule } from "./rule-form";

const CONCERNS = ["pipeline:", "issuer:", "keypair:", "user:"];

/** Which pipelines become which service user, with which rights. */
export function Rules() {
  const t = useMessages(messages);
  const pages = usePages(RulesDocument, {}, ({ pipelineRules }) => pipelineRules, CONCERNS);
  const create = (
    <DialogButton label={t.newRule} compact>
      {(close) => <NewRule onClose={close} />}
    </DialogButton>
  );
  return (
    <Section title={t.rules} aside={create}>
      <PagedList label={t.rules} pages={pages} empty={t.noRule}>
        {(rule) => <RuleRow rule={rule} />}
      </PagedList>
    </Section>
  );
}

function RuleRow({ rule }: { rule: RuleRowFragment }) {
  const t = useMessages(messages);
  const word = useWords();
  const { number } = useFormats();
  const { name, issuer, user, conditions, warnings, scopes, keypairs, lifetimeSeconds } = rule;
  return (
    <>
      <Stack gap={2}>
        <Text fw={600}>{name}</Text>
        <Text size="sm">
          {issuer.name} {t.actsAs}{" "}
          <TextLink to="/people/$id" params={{ id: user.id }} underline="always">
            {user.name}
          </TextLink>
        </Text>
        <Text size="sm" c="dimmed">
          {scopes.map((scope) => word("permissions", scope)).join(", ")}{" "}
          {t.forMinutes(number(lifetimeSeconds / 60))}
        </Text>
      </Stack>
      <Stack gap={2}>
        {conditions.map((condition) => (
          <Text key={condition.claim} size="sm">
            <b>{condition.claim}</b> = {draftOf(condition).values.join(" | ")}
          </Text>
        ))}
        {warnings.map((warning) => (
          <Alert key={warning} color="orange" p="xs">
            {warning}
          </Alert>
        ))}
      </Stack>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Group gap="xs">
          {keypairs.map(({ id, alias }) => (
            <TextLink key={id} to="/keypairs/$id" params={{ id }} size="sm">
              {alias}
            </TextLink>
          ))}
        </Group>
        <RuleActions rule={rule} />
      </Group>
    </>
  );
}

function RuleActions({ rule }: { rule: RuleRowFragment }) {
  const t = useMessages(messages);
  const command = useCommand(DeleteRuleDocument, ({ result }) => result, "pipeline:");
  return (
    <Group gap="xs" justify="end">
      <DialogButton label={t.edit} compact refusal={refusalOf(rule, "UPDATE")}>
        {(close) => <EditRule rule={rule} onClose={close} />}
      </DialogButton>
      <ConfirmedAction
        subject={rule}
        action="DELETE"
        what={rule.name}
        color="red"
        compact
        text={t.DELETE_RULE}
        command={command}
        onConfirm={() => command.run({ input: { id: rule.id } })}
      />
    </Group>
  );
}
