import { Progress, Stack, Text } from "@mantine/core";
import { useFormats } from "@/i18n/formats";
import { useMessages } from "@/i18n/locale";
import { messages } from "./messages";

/** How many of a release's signatures are used. */
export function Quota({ used, maximum }: { used: number; maximum: number }) {
  const { number } = useFormats();
  const t = useMessages(messages);
  const text = t.signaturesUsed(number(used), number(maximum));
  const share = (100 * used) / maximum;
  return (
    <Stack gap={4} miw={130}>
      <Text size="sm">{text}</Text>
      <Progress value={share} color={share >= 80 ? "orange" : "brand"} aria-label={text} />
    </Stack>
  );
}
