import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useMessages } from "@/i18n/locale";
import { LEDGER_URL } from "./download";
import { messages } from "./messages";

const VerifyDialog = lazy(() =>
  import("./verify-dialog").then((module) => ({ default: module.VerifyDialog })),
);

/** What can be done with the whole ledger: save it as a file, and verify it here. */
export function VerificationActions() {
  const t = useMessages(messages);
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button component="a" href={LEDGER_URL} download variant="default">
        {t.download}
      </Button>
      <Button onClick={() => setOpen(true)}>{t.verify}</Button>
      <Suspense>{open && <VerifyDialog onClose={() => setOpen(false)} />}</Suspense>
    </>
  );
}
