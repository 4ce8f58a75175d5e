import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useNow } from "@/app/clock";
import { useSession } from "@/app/session";
import { useFormats } from "@/i18n/formats";
import { useLocale, useMessages } from "@/i18n/locale";
import type { FieldProps } from "./fields";
import { messages } from "./messages";
import { windowFault } from "./window-rules";
import { toInstant, toWallClock } from "@/i18n/zoned-time";

const HOUR_MILLISECONDS = 3_600_000;
const PRESETS = ["hour", "today", "tomorrow"] as const;

/** When the window opens and closes, in the person's zone, with UTC beside it and what is wrong with it. */
export function WindowFields({ draft, errors, change }: FieldProps) {
  const t = useMessages(messages);
  const formats = useFormats();
  const { account } = useSession();
  const { timeZone } = useLocale();
  const now = useNow();
  const [startsAt, endsAt] = [toInstant(draft.startsAt, timeZone), toInstant(draft.endsAt, timeZone)];
  const fault = windowFault(startsAt, endsAt, now, account.maxWindowDays);
  const said = fault === "tooLong" ? t.tooLong(account.maxWindowDays) : fault && t[fault];
  // The afternoon of today is offered until it is over.
  const presets = PRESETS.map((preset) => ({ preset, chosen: windowOf(preset, now, timeZone) })).filter(
    ({ chosen }) => (toInstant(chosen.endsAt, timeZone) ?? 0) > now,
  );
  // How the fields themselves write dates is the browser's choice.
  const beside = (instant: number | null) =>
    instant === null
      ? t.zone(timeZone)
      : `${formats.day(instant)}, ${formats.time(instant)} · ${formats.utc(instant)}`;
  return (
    <Stack gap="sm">
      <Group align="start" grow preventGrowOverflow={false}>
        <TextInput
          type="datetime-local"
          label={`${t.start} ${t.zone(timeZone)}`}
          description={beside(startsAt)}
          error={errors.startsAt}
          value={draft.startsAt}
          onChange={({ currentTarget }) => change({ startsAt: currentTarget.value })}
          required
        />
        <TextInput
          type="datetime-local"
          label={`${t.end} ${t.zone(timeZone)}`}
          description={beside(endsAt)}
          error={errors.endsAt ?? said}
          value={draft.endsAt}
          onChange={({ currentTarget }) => change({ endsAt: currentTarget.value })}
          required
        />
      </Group>
      {!fault && <Text size="sm">{t.length(formats.duration((endsAt ?? 0) - (startsAt ?? 0)))}</Text>}
      <Group gap="xs" role="group" aria-label={t.presets}>
        {presets.map(({ preset, chosen }) => (
          <Button key={preset} size="compact-sm" variant="default" onClick={() => change(chosen)}>
            {t.presetNames[preset]}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}

function windowOf(preset: (typeof PRESETS)[number], now: number, timeZone: string) {
  if (preset === "hour") {
    return { startsAt: toWallClock(now, timeZone), endsAt: toWallClock(now + HOUR_MILLISECONDS, timeZone) };
  }
  const [day, from, to] =
    preset === "today" ? [now, "14:00", "16:00"] : [now + 24 * HOUR_MILLISECONDS, "09:00", "17:00"];
  const date = toWallClock(day, timeZone).slice(0, 10);
  return { startsAt: `${date}T${from}`, endsAt: `${date}T${to}` };
}
