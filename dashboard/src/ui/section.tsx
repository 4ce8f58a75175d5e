import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { useEffect, useId, useRef, type ReactNode } from "react";

/** Where it is scrolled to, the page's header does not cover it. */
const BELOW_HEADER = { scrollMarginTop: "4.5rem" };

/** A part of a page with a heading of its own. */
export function Section({
  title,
  anchor,
  aside,
  children,
}: {
  title: string;
  /** The name by which an address leads to it, behind `#`. */
  anchor?: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  const section = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (anchor && location.hash === `#${anchor}`) section.current?.scrollIntoView();
  }, [anchor]);
  return (
    <Stack component="section" ref={section} id={anchor} style={BELOW_HEADER} gap="xs" aria-labelledby={id}>
      <Group justify="space-between">
        <Title order={2} id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Stack>
  );
}

/** What is shown where there is nothing: why, and the next step. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <Card withBorder>
      <Group justify="space-between">
        <Text c="dimmed">{children}</Text>
        {action}
      </Group>
    </Card>
  );
}
