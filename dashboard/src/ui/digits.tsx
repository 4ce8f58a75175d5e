import { Text } from "@mantine/core";

/** A fingerprint or a serial number: digits that people compare one by one. */
export function Digits({ children }: { children: string }) {
  return (
    <Text span ff="monospace" size="sm">
      {children}
    </Text>
  );
}
