import { expect, test } from "vitest";
import { keyFileOf } from "./key-file";

test("a file is sent byte by byte", async () => {
  const file = new File([new Uint8Array([0, 127, 128, 255])], "key.p12");
  expect(await keyFileOf({ file, pem: "" })).toBe("AH+A/w==");
});

test("what was pasted is sent as its UTF-8", async () => {
  expect(await keyFileOf({ file: null, pem: "Schlüssel" })).toBe(Buffer.from("Schlüssel").toString("base64"));
});

test("of a file that is too large only as much is sent as shows it", async () => {
  const file = new File([new Uint8Array(10_000_000)], "disk.img");
  expect(atob(await keyFileOf({ file, pem: "" })).length).toBe(64 * 1024 + 1);
});
