import { Group, Stack, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";

/** A page of the dashboard: its heading, what can be done there, and its content. */
export function Page({
  title,
  actions,
  children,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const name = typeof title === "string" ? title : "";
  useEffect(() => {
    document.title = name ? `${name} · Countersign` : "Countersign";
  }, [name]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" gap="sm">
        <Title order={1}>{title}</Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
