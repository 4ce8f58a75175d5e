import { Button, Group, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import type { Refusal } from "@/graphql/refusal";
import { useMessages } from "@/i18n/locale";
import { Dialog } from "./dialog";
import { messages } from "./messages";
import { Refusals } from "./refusals";

interface Props {
  title: string;
  /** What the button that sends the form says. */
  action: string;
  busy: boolean;
  /** Those refusals that are about no field of the form. */
  refusals: readonly Refusal[];
  onSubmit: () => unknown;
  onClose: () => void;
  children: ReactNode;
}

/** A form over the page: Enter sends it, Escape closes it, and what is refused is said above its buttons. */
export function FormDialog({ title, action, busy, refusals, onSubmit, onClose, children }: Props) {
  const t = useMessages(messages);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {children}
          <Refusals refusals={refusals} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.cancel}
            </Button>
            <Button type="submit" loading={busy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
