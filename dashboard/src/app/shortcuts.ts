import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { PAGES } from "./navigation";

const SEQUENCE_MILLISECONDS = 1_000;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Opens the commands with Ctrl K or `/`, and pages with their keys, such as `g` and then `r`. */
export function useShortcuts(openCommands: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let previous = { key: "", at: 0 };
    const onKey = (event: KeyboardEvent) => {
      const isCommand = (event.ctrlKey || event.metaKey) && event.key === "k";
      if (isCommand || (event.key === "/" && !isTyping(event.target))) {
        event.preventDefault();
        openCommands();
        return;
      }
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const recent = event.timeStamp - previous.at < SEQUENCE_MILLISECONDS;
      const page = PAGES.find(({ keys }) => recent && keys === `${previous.key} ${event.key}`);
      previous = { key: event.key, at: event.timeStamp };
      if (page) navigate({ to: page.to });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, openCommands]);
}
