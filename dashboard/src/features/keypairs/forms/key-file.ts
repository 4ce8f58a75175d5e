/** The bytes that the server takes a private key of at most; one more shows it that a file is too large. */
const MAX_FILE_BYTES = 64 * 1024;

/** Returns the private key in base64, as the API takes it: the chosen file, or what was pasted. */
export async function keyFileOf({ file, pem }: { file: File | null; pem: string }): Promise<string> {
  const content = file?.slice(0, MAX_FILE_BYTES + 1) ?? new Blob([pem]);
  const bytes = new Uint8Array(await content.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
