/**
 * Puts the focus where one goes on after a command: on the first field that was refused, otherwise back on what sent it.
 * A button that is disabled while a command runs loses the focus, and with it whoever has no mouse.
 */
export function focusAfterCommand(sender: Element | null, isRefused: boolean): void {
  if (!(sender instanceof HTMLElement) || !sender.isConnected) return;
  const invalid = isRefused
    ? sender.closest("form")?.querySelector<HTMLElement>("[aria-invalid=true]")
    : null;
  const isLost = document.activeElement === document.body;
  if (invalid) invalid.focus();
  else if (isLost) sender.focus();
}
