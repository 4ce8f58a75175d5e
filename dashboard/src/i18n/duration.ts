import type { Language } from "./locale";

const UNITS: readonly (readonly [milliseconds: number, en: string, de: string])[] = [
  [86_400_000, "d", "T"],
  [3_600_000, "h", "Std."],
  [60_000, "min", "Min."],
  [1_000, "s", "Sek."],
];

/** Returns a span of time in its two largest units, like `2 h 5 min`. */
export function formatDuration(milliseconds: number, language: Language): string {
  const start = UNITS.findIndex(([size]) => milliseconds >= size);
  const shown = UNITS.slice(start < 0 ? -1 : start).slice(0, 2);
  let rest = Math.max(0, milliseconds);
  const parts = shown.map(([size, en, de], index) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count || index === 0 ? `${count} ${language === "de" ? de : en}` : "";
  });
  return parts.filter(Boolean).join(" ");
}
