import { Autocomplete, Button, CloseButton, Group, Input, Stack, TagsInput } from "@mantine/core";
import type { IssuerKind } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { CLAIMS, type ConditionDraft } from "./conditions";
import { messages } from "./messages";

interface Props {
  kind: IssuerKind;
  conditions: readonly ConditionDraft[];
  error: string | undefined;
  onChange: (conditions: ConditionDraft[]) => void;
}

/** The conditions of a rule, a row for each claim. */
export function ConditionFields({ kind, conditions, error, onChange }: Props) {
  const t = useMessages(messages);
  const change = (index: number, one: Partial<ConditionDraft>) =>
    onChange(conditions.map((each, at) => (at === index ? { ...each, ...one } : each)));
  return (
    <Input.Wrapper label={t.conditions} description={t.conditionsHint} error={error} labelElement="div">
      <Stack gap="xs" mt="xs">
        {conditions.map(({ claim, values }, index) => (
          <Group key={index} gap="xs" align="start" wrap="nowrap">
            <Autocomplete
              aria-label={t.claim}
              flex={1}
              value={claim}
              data={[...CLAIMS[kind]]}
              onChange={(text) => change(index, { claim: text })}
            />
            <TagsInput
              aria-label={t.values}
              flex={1}
              value={values}
              splitChars={[]}
              onChange={(texts) => change(index, { values: texts })}
            />
            <CloseButton
              mt={4}
              aria-label={t.removeCondition(claim)}
              onClick={() => onChange(conditions.filter((_, at) => at !== index))}
            />
          </Group>
        ))}
        <Button
          size="compact-sm"
          variant="default"
          style={{ alignSelf: "start" }}
          onClick={() => onChange([...conditions, { claim: "", values: [] }])}
        >
          {t.addCondition}
        </Button>
      </Stack>
    </Input.Wrapper>
  );
}
