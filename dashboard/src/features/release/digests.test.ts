import { expect, test } from "vitest";
import { toHex } from "./digests";

test("a digest is written as sha256sum prints it", () => {
  expect(toHex("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});
