import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { Page } from "@/ui/page";
import { Issuers } from "./issuers";
import { messages } from "./messages";
import { Rules } from "./rules";

/** Which pipelines get a token for the identity that their system gives them. */
export function PipelinesPage(): ReactNode {
  const t = useMessages(messages);
  return (
    <Page title={t.title}>
      <Text c="dimmed">{t.hint}</Text>
      <Issuers />
      <Rules />
    </Page>
  );
}
