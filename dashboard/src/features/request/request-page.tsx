import { notifications } from "@mantine/notifications";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useQuery } from "urql";
import { useNow } from "@/app/clock";
import { useSession } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import { useLocale, useMessages } from "@/i18n/locale";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty } from "@/ui/section";
import { changesOf, draftOf, emptyDraft, inputOf, type Draft } from "./draft";
import { messages } from "./messages";
import {
  CreateReleaseDocument,
  ReleaseToCopyDocument,
  UpdateReleaseDocument,
  type DraftableFragment,
} from "./request.generated";
import { RequestForm } from "./request-form";

/** The form with which a release is requested, copied or edited. */
export function RequestPage(): ReactNode {
  const t = useMessages(messages);
  const { edit, copy } = useSearch({ from: "/request" });
  const id = edit ?? copy ?? "";
  const [state, execute] = useQuery({ query: ReleaseToCopyDocument, variables: { id }, pause: !id });
  if (!id) return <NewRelease key="new" source={null} />;
  const reload = () => execute({ requestPolicy: "network-only" });
  return (
    <QueryState state={{ ...state, reload }} rows={6}>
      {({ release }) => {
        if (!release) return <Page title={t.title} children={<Empty>{t.missing}</Empty>} />;
        return edit ? <EditedRelease key={id} release={release} /> : <NewRelease key={id} source={release} />;
      }}
    </QueryState>
  );
}

function useShowRelease() {
  const navigate = useNavigate();
  return (id: string) => navigate({ to: "/releases/$id", params: { id } });
}

function NewRelease({ source }: { source: DraftableFragment | null }) {
  const t = useMessages(messages);
  const { account } = useSession();
  const { timeZone } = useLocale();
  const search = useSearch({ from: "/request" });
  const now = useNow();
  const show = useShowRelease();
  const [initial] = useState(() =>
    source
      ? draftOf(source, true, now, timeZone)
      : emptyDraft(account.enabledReleaseTypes, now, timeZone, search),
  );
  const { run, refusals, busy } = useCommand(
    CreateReleaseDocument,
    ({ result }) => result,
    "release:requested",
  );
  const submit = async (draft: Draft) => {
    const payload = await run({ input: inputOf(draft, timeZone, account.teamsEnabled) });
    if (payload?.release) show(payload.release.id);
  };
  return (
    <Page title={t.title}>
      <RequestForm initial={initial} edited={null} {...{ refusals, busy }} onSubmit={submit} />
    </Page>
  );
}

function EditedRelease({ release }: { release: DraftableFragment }) {
  const t = useMessages(messages);
  const { account } = useSession();
  const { timeZone } = useLocale();
  const now = useNow();
  const show = useShowRelease();
  const [initial] = useState(() => draftOf(release, false, now, timeZone));
  const [revision] = useState(release.revision);
  const { run, refusals, busy } = useCommand(
    UpdateReleaseDocument,
    ({ result }) => result,
    "release:revised",
  );
  const submit = async (draft: Draft) => {
    const changes = changesOf(initial, draft, timeZone, account.teamsEnabled);
    if (Object.keys(changes).length === 0) {
      notifications.show({ message: t.nothingChanged });
      return;
    }
    if (await run({ input: { id: release.id, revision, ...changes } })) show(release.id);
  };
  return (
    <Page title={t.editTitle(release.name)}>
      <RequestForm initial={initial} edited={release.id} {...{ refusals, busy }} onSubmit={submit} />
    </Page>
  );
}
