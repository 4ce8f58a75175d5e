import { Alert, Button, Code, Group, Progress, Stack, Text, Textarea } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { CopyTextButton } from "@/ui/copy-text-button";
import { Dialog } from "@/ui/dialog";
import { messages as shared } from "@/ui/messages";
import { RefusalText } from "@/ui/refusal-text";
import type { Head, KeptHead } from "./checks";
import { parseKeptHead } from "./kept-head";
import { messages } from "./messages";
import { useVerification, type Progress as State } from "./use-verification";

/** Verifies the ledger in the browser, against a head that somebody has kept, and says what that shows. */
export function VerifyDialog({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const { cancel, done } = useMessages(shared);
  const { progress, start } = useVerification();
  const [text, setText] = useState("");
  const [isNoHead, setNoHead] = useState(false);
  const isRunning = progress.state === "running";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isRunning) return;
    const kept = parseKeptHead(text);
    const wrong = text.trim() !== "" && kept === null;
    setNoHead(wrong);
    if (!wrong) start(kept);
  };
  // Browsers compute hashes only for pages that nobody on the way can have changed.
  const canHash = window.isSecureContext;
  return (
    <Dialog title={t.verify} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text size="sm">{t.whatItDoes}</Text>
          <Textarea
            label={t.keptHead}
            description={t.keptHeadHint}
            error={isNoHead && t.noHead}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            autosize
            minRows={2}
            maxRows={5}
            spellCheck={false}
            data-autofocus
          />
          {canHash ? <Result progress={progress} /> : <Alert color="orange">{t.insecure}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {progress.state === "done" ? done : cancel}
            </Button>
            {/* Not disabled while it runs, which would take the focus from it. */}
            <Button type="submit" aria-disabled={isRunning} data-disabled={isRunning} disabled={!canHash}>
              {t.start}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function Result({ progress }: { progress: State }) {
  const t = useMessages(messages);
  const { number } = useFormats();
  if (progress.state === "idle") return null;
  if (progress.state === "running")
    return <Running verified={progress.verified} entries={progress.entries} />;
  if (progress.state === "failed") {
    return (
      <Alert color="orange" role="alert">
        <Text size="sm" fw={600}>
          {t.noVerdict}
        </Text>
        {progress.refusal ? (
          <RefusalText refusal={progress.refusal} />
        ) : (
          t.brokeOff(number(progress.verified))
        )}
      </Alert>
    );
  }
  const { verdict, kept } = progress;
  if (verdict.holds) return <Holds head={verdict.head} kept={kept} />;
  const { position, fault } = verdict;
  return (
    <Alert color="red" role="alert" title={t.broken(number(position))}>
      <Stack gap="xs">
        <Text size="sm">{t.fault(fault, number)}</Text>
        <Text size="sm">{t.whatToDo(number(position - 1))}</Text>
      </Stack>
    </Alert>
  );
}

function Running({ verified, entries }: { verified: number; entries: number }) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const share = entries ? Math.min(100, (100 * verified) / entries) : 0;
  return (
    <Stack gap={4}>
      <Text size="sm">{t.verified(number(verified), number(Math.max(entries, verified)))}</Text>
      <Progress value={share} aria-label={t.progress} />
    </Stack>
  );
}

function Holds({ head, kept }: { head: Head; kept: KeptHead | null }) {
  const t = useMessages(messages);
  const { number } = useFormats();
  const written = `${head.count} ${head.hash}`;
  return (
    <Alert role="status" title={t.holds(number(head.count))}>
      <Stack gap="xs">
        <Text size="sm">{t.whatWasVerified}</Text>
        <Text size="sm">{kept ? t.compared(number(kept.count)) : t.notCompared}</Text>
        <Text size="sm">{t.keepIt}</Text>
        <Group gap="xs" wrap="nowrap">
          <Code style={{ overflowWrap: "anywhere" }}>{written}</Code>
          <CopyTextButton text={written} compact />
        </Group>
      </Stack>
    </Alert>
  );
}
