import { Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { Page } from "@/ui/page";
import { Empty } from "@/ui/section";
import { Choices } from "./choices";
import { Explanation } from "./explanation";
import { messages } from "./messages";
import type { CanISignSearch } from "./search";

/** Whether a signature would be made, for a keypair, a person and an instant; and if not, why. */
export function CanISignPage(): ReactNode {
  const t = useMessages(messages);
  const search = useSearch({ from: "/can-i-sign" });
  const navigate = useNavigate();
  const show = (change: Partial<CanISignSearch>) =>
    navigate({ to: "/can-i-sign", search: { ...search, ...change }, replace: true });
  return (
    <Page title={t.title}>
      <Text c="dimmed">{t.intro}</Text>
      <Choices search={search} onChange={show} />
      {search.keypair ? (
        <Explanation keypairId={search.keypair} userId={search.user} at={search.at} />
      ) : (
        <Empty>{t.first}</Empty>
      )}
    </Page>
  );
}
