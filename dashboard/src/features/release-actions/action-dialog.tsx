import { Button, Group, Stack, Textarea } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useWords } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import type { ReleaseAction } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { Dialog } from "@/ui/dialog";
import { Refusals } from "@/ui/refusals";
import type { ActionMutation } from "./actions";
import { messages } from "./messages";
import type { ActionableRelease } from "./release-actions";

interface Props {
  release: ActionableRelease;
  action: ReleaseAction;
  mutation: ActionMutation;
  onClose: () => void;
}

/** Asks for a comment or a reason, and carries the action out. */
export default function ActionDialog({ release, action, mutation, onClose }: Props) {
  const t = useMessages(messages);
  const title = useWords()("releaseActions", action);
  const [words, setWords] = useState("");
  const [missing, setMissing] = useState(false);
  const { run, refusals, busy } = useCommand(mutation.document, ({ result }) => result, "release:");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const reason = words.trim() || null;
    setMissing(mutation.needsReason && !reason);
    if (mutation.needsReason && !reason) return;
    if (await run({ input: mutation.input(release, reason) })) onClose();
  };
  return (
    <Dialog onClose={onClose} title={t.of(title, release.name)}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <Textarea
            label={mutation.needsReason ? t.reason : t.comment}
            description={mutation.needsReason ? t.reasonHint : undefined}
            error={missing && !words.trim() ? t.reasonMissing : undefined}
            required={mutation.needsReason}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            autosize
            minRows={2}
            data-autofocus
          />
          <Refusals refusals={refusals} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.cancel}
            </Button>
            <Button type="submit" color={mutation.color} loading={busy}>
              {title}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
