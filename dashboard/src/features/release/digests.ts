/** Returns bytes in base64 as hexadecimal digits, as `sha256sum` prints them. */
export function toHex(base64: string): string {
  return Array.from(atob(base64), (character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join(
    "",
  );
}
