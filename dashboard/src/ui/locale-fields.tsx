import { NativeSelect, type NativeSelectProps } from "@mantine/core";
import { useNow } from "@/app/clock";
import { formatsOf } from "@/i18n/formats";
import { LOCALES, nameOfLocale, timeZones } from "@/i18n/locale-choices";
import { languageOf, regionalTag, useMessages } from "@/i18n/locale";
import { messages } from "./messages";

/** The zone and the language in which a person reads pages and mails. */
interface Reader {
  timeZone: string;
  locale: string;
}

interface Props extends NativeSelectProps {
  reader: Reader;
}

/** The time zone of a person, with what time it is there. */
export function ZoneField({ reader, ...field }: Props) {
  const t = useMessages(messages);
  const { time } = formatsFor(reader);
  return (
    <NativeSelect
      label={t.timeZone}
      description={t.timeZoneHint(time(useNow()))}
      data={timeZones(reader.timeZone)}
      {...field}
    />
  );
}

/** The language of a person, with a date as it is written in it. */
export function LocaleField({ reader, ...field }: Props) {
  const t = useMessages(messages);
  const { instant } = formatsFor(reader);
  const known = LOCALES.includes(reader.locale) ? LOCALES : [reader.locale, ...LOCALES];
  return (
    <NativeSelect
      label={t.locale}
      description={t.localeHint(instant(useNow()))}
      data={known.map((value) => ({ value, label: nameOfLocale(value) }))}
      {...field}
    />
  );
}

function formatsFor({ locale, timeZone }: Reader) {
  return formatsOf({ language: languageOf(locale), tag: regionalTag(locale, navigator.languages), timeZone });
}
