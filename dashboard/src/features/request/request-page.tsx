import { notifications } from "@mantine/notifications";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useQuery } from "urql";
import { useNow } from "@/app/clock";
import { useSession } from "@/app/session";
import { useCommand } from "@/graphql/use-command";
import { useLocale, useMessages } from "@/i18n/locale";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Page } from "@/ui/page";
import { QueryState } from "@/ui/query-state";
import { Empty } from "@/ui/section";
import { changesOf, draftOf, emptyDraft, inputOf, type Draft } from "./draft";
import { editEffect, keepsApproval, widens, type KeptApproval } from "./edit-effect";
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
  const [widened, setWidened] = useState<{ draft: Draft; approval: KeptApproval } | null>(null);
  const { run, refusals, busy } = useCommand(
    UpdateReleaseDocument,
    ({ result }) => result,
    "release:revised",
  );
  const effectOf = useEditEffect(release);
  const changed = (draft: Draft) => changesOf(initial, draft, timeZone, account.teamsEnabled);
  const save = async (draft: Draft) => {
    setWidened(null);
    if (await run({ input: { id: release.id, revision, ...changed(draft) } })) show(release.id);
  };
  const submit = (draft: Draft) => {
    if (Object.keys(changed(draft)).length === 0) {
      notifications.show({ message: t.nothingChanged });
      return;
    }
    const effect = effectOf(draft);
    if (keepsApproval(effect) && widens(initial, draft)) setWidened({ draft, approval: effect });
    else void save(draft);
  };
  return (
    <Page title={t.editTitle(release.name)}>
      <RequestForm
        initial={initial}
        edited={release.id}
        effect={(draft) => t.editEffects[effectOf(draft)]}
        {...{ refusals, busy }}
        onSubmit={submit}
      />
      {widened && (
        <ConfirmDialog
          action={t.save}
          what={release.name}
          text={t.widened[widened.approval]}
          command={{ refusals: [], busy }}
          onConfirm={() => save(widened.draft)}
          onClose={() => setWidened(null)}
        />
      )}
    </Page>
  );
}

/** Returns how to know what becomes of the approval of a release, if the person who is signed in edits it. */
function useEditEffect({ status, team, participants, requestedBy }: DraftableFragment) {
  const { account, can, user } = useSession();
  const isMember = !team || participants.some(({ id }) => id === user.id);
  const person = {
    isApprover: can("APPROVE_RELEASE") && isMember,
    isRequester: requestedBy.id === user.id,
  };
  return ({ type }: Draft) => editEffect({ status, type, ...person, reapproves: account.reapproveOnEdit });
}
