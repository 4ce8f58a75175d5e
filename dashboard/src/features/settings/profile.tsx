import {
  Alert,
  Button,
  Card,
  Group,
  SimpleGrid,
  Stack,
  TextInput,
  type InputWrapperProps,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { FormEvent } from "react";
import { refusalOf } from "@/graphql/refusal";
import { useCommand } from "@/graphql/use-command";
import { useMessages } from "@/i18n/locale";
import { LocaleField, ZoneField } from "@/ui/locale-fields";
import { RefusalText } from "@/ui/refusal-text";
import { Refusals } from "@/ui/refusals";
import { Section } from "@/ui/section";
import { useDraft } from "@/ui/use-draft";
import { messages } from "./messages";
import { UpdateProfileDocument, type ProfileFragment } from "./settings.generated";

const FIELDS = ["name", "email", "timeZone", "locale"] as const;
const HINT_LAST = ["label", "input", "error", "description"] satisfies InputWrapperProps["inputWrapperOrder"];
type Fields = Record<(typeof FIELDS)[number], string>;

/** Name and address, and in which zone and language the person reads pages and mails. */
export function Profile({ user }: { user: ProfileFragment }) {
  const t = useMessages(messages);
  const { run, refusals, busy } = useCommand(UpdateProfileDocument, ({ result }) => result, "user:");
  const { draft, change, text, rest } = useDraft<Fields>(user, refusals, FIELDS);
  const field = (name: "name" | "email") => ({
    label: t[name],
    // The hint is below, so that fields beside each other are level.
    inputWrapperOrder: HINT_LAST,
    ...text(name),
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const changed = FIELDS.filter((name) => draft[name] !== user[name]);
    const values = Object.fromEntries(changed.map((name) => [name, draft[name]]));
    if (changed.length === 0) {
      notifications.show({ message: t.nothingChanged });
      return;
    }
    const payload = await run({ input: { id: user.id, ...values } });
    if (!payload?.user) return;
    // A new address is not there before it is confirmed.
    change(payload.user);
    notifications.show({ message: t.saved });
  };
  // The present address takes the request for another one back.
  const withdraw = () => run({ input: { id: user.id, email: user.email } });
  return (
    <Section title={t.profile}>
      <Card withBorder component="form" onSubmit={submit} noValidate>
        <Stack>
          {user.pendingEmail && (
            <Alert>
              <Group justify="space-between">
                {t.pending(user.pendingEmail.email)}
                <Button size="compact-sm" variant="default" loading={busy} onClick={withdraw}>
                  {t.withdraw}
                </Button>
              </Group>
            </Alert>
          )}
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <NameField user={user} {...field("name")} />
            <TextInput type="email" description={t.emailHint} {...field("email")} />
            <ZoneField reader={draft} inputWrapperOrder={HINT_LAST} {...text("timeZone")} />
            <LocaleField reader={draft} inputWrapperOrder={HINT_LAST} {...text("locale")} />
          </SimpleGrid>
          <Refusals refusals={rest} />
          <Group justify="flex-end">
            <Button type="submit" loading={busy}>
              {t.save}
            </Button>
          </Group>
        </Stack>
      </Card>
    </Section>
  );
}

interface FieldProps {
  label: string;
  error: string | undefined;
  inputWrapperOrder: typeof HINT_LAST;
  value: string;
  onChange: (event: { currentTarget: { value: string } }) => void;
}

function NameField({ user, ...field }: FieldProps & { user: ProfileFragment }) {
  const refusal = refusalOf(user, "RENAME");
  return (
    <TextInput
      {...field}
      readOnly={refusal !== null}
      description={refusal && <RefusalText refusal={refusal} />}
    />
  );
}
