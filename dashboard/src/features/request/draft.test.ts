import { expect, test } from "vitest";
import { changesOf, draftOf, emptyDraft, inputOf } from "./draft";

const NOW = Date.parse("2026-06-01T10:00:00Z");
const release = {
  id: "r",
  name: "Falcon",
  version: null,
  note: "",
  type: "OFFLINE",
  category: "STANDARD",
  startsAt: "2026-05-01T10:00:00Z",
  endsAt: "2026-05-01T11:00:00Z",
  maxSignatures: 3,
  revision: 1,
  status: "IN_PROGRESS",
  requestedBy: { id: "u", name: "Ada" },
  withDefaultCertificate: false,
  team: { id: "t", name: "Falcon" },
  keypairs: [{ id: "k", alias: "falcon" }],
  participants: [],
} as const;
const mutable = { ...release, keypairs: [...release.keypairs], participants: [] };

test("a copy has a window of the same length from now on and needs a name", () => {
  const copy = inputOf(draftOf(mutable, true, NOW, "Europe/Berlin"), "Europe/Berlin", true);
  expect(copy).toMatchObject({
    name: "",
    startsAt: "2026-06-01T10:15:00.000Z",
    endsAt: "2026-06-01T11:15:00.000Z",
  });
});

test("an edit sends what was changed and nothing else", () => {
  const before = draftOf(mutable, false, NOW, "UTC");
  expect(changesOf(before, { ...before, note: "Now with a reason" }, "UTC", true)).toEqual({
    note: "Now with a reason",
  });
  expect(changesOf(before, before, "UTC", true)).toEqual({});
});

test("the first type that is enabled is proposed, offline before the others", () => {
  expect(emptyDraft(["ONLINE", "OFFLINE"], NOW, "UTC", {}).type).toBe("OFFLINE");
  expect(emptyDraft(["TEST"], NOW, "UTC", {}).type).toBe("TEST");
});
