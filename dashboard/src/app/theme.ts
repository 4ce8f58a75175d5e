import { createTheme, type CSSVariablesResolver } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 6 },
  colors: {
    // The neutral tones of the dark theme: those of the sign-in pages.
    dark: [
      "#e6e9ef",
      "#c3c9d4",
      "#a9b2c1",
      "#7b8698",
      "#3a4152",
      "#323847",
      "#262b36",
      "#1d212a",
      "#14171d",
      "#0f1217",
    ],
    red: [
      "#fdf0ef",
      "#fadcda",
      "#f7bdb9",
      "#f6aaa4",
      "#f59d96",
      "#e0625a",
      "#c53c33",
      "#a8221b",
      "#8c1a14",
      "#70130e",
    ],
    brand: [
      "#edf2fd",
      "#d9e3f9",
      "#b3c7f3",
      "#8db2ff",
      "#7ba2f5",
      "#4f7fe3",
      "#3467d6",
      "#2456c5",
      "#1c47a6",
      "#143683",
    ],
  },
  autoContrast: true,
  luminanceThreshold: 0.3,
  defaultRadius: "md",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.6rem" }, h2: { fontSize: "1.15rem" } } },
  respectReducedMotion: true,
  cursorType: "pointer",
});

/** Colours with enough contrast for text, where Mantine's own have less than 4.5 to 1. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#555e6f",
    "--mantine-color-placeholder": "#646d7d",
    "--mantine-color-anchor": "#1c47a6",
    "--mantine-color-error": "#a8221b",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b2c1",
    "--mantine-color-placeholder": "#98a1b0",
    "--mantine-color-anchor": "#8db2ff",
    "--mantine-color-error": "#f59d96",
    // A hint stands out from the card that it is in.
    "--mantine-color-gray-light": "color-mix(in srgb, var(--mantine-color-dark-3) 18%, transparent)",
  },
});
