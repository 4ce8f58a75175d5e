import { Alert, Button, Center, Loader, Text } from "@mantine/core";
import { createContext, useContext, useEffect, useMemo, type ReactNode } from "react";
import { useQuery } from "urql";
import { BASE, isRefusedWith } from "@/graphql/client";
import type { Permission } from "@/graphql/schema.generated";
import { languageOf, LocaleProvider, regionalTag, useMessages } from "@/i18n/locale";
import { useAnnounced } from "@/live/signals";
import { Dialog } from "@/ui/dialog";
import { setServerTime } from "./clock";
import { messages } from "./messages";
import { SessionDocument, type SessionQuery } from "./session.generated";

type Viewer = SessionQuery["viewer"];
type Vocabulary = NonNullable<SessionQuery["vocabulary"]>;

export interface Session extends Viewer {
  vocabulary: Vocabulary | null;
  /** Whether the person holds a permission. */
  can: (permission: Permission) => boolean;
  reload: () => void;
}

const SessionContext = createContext<Session | null>(null);

/** Returns who is signed in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is for what is inside of SessionGate");
  return session;
}

/** Returns what the server calls a value in the person's language: one of an enumeration, or a tag. */
export function useWords() {
  const { vocabulary } = useSession();
  return (kind: Exclude<keyof Vocabulary, "language">, value: string) => {
    const word = vocabulary?.[kind].find((each) => each.value === value || each.text === value);
    return word?.title ?? value;
  };
}

/** Leaves for the sign-in page, which leads back to where one is now. */
export function goToSignIn(): void {
  const here = location.pathname + location.search;
  location.assign(new URL(`sign-in?next=${encodeURIComponent(here)}`, BASE));
}

/** Shows what is inside as soon as it is known who is signed in; whoever is not goes to the sign-in page. */
export function SessionGate({ ended, children }: { ended: boolean; children: ReactNode }) {
  const [{ data, error }, execute] = useQuery({ query: SessionDocument });
  const reload = () => execute({ requestPolicy: "network-only" });
  useAnnounced(["account:", "user:", "role:", "team:"], reload);
  useEffect(() => {
    if (data?.serverTime) setServerTime(data.serverTime);
  }, [data?.serverTime]);
  useEffect(() => {
    if (!data && isRefusedWith(error, "UNAUTHENTICATED")) goToSignIn();
  }, [data, error]);

  const language = languageOf(data?.viewer.user.locale ?? navigator.language);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const session = useMemo<Session | null>(() => {
    if (!data) return null;
    const { viewer, vocabulary } = data;
    return { ...viewer, vocabulary, can: (one) => viewer.permissions.includes(one), reload };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `reload` does the same each time
  }, [data]);
  if (!session) return <Waiting failed={Boolean(error)} retry={reload} />;
  const { locale, timeZone } = session.user;
  const tag = regionalTag(locale, navigator.languages);
  return (
    <LocaleProvider value={{ language, tag, timeZone }}>
      <SessionContext value={session}>
        {children}
        {ended && <SessionEnded />}
      </SessionContext>
    </LocaleProvider>
  );
}

function Waiting({ failed, retry }: { failed: boolean; retry: () => void }) {
  const t = useMessages(messages);
  if (!failed) {
    return (
      <Center h="100dvh">
        <Loader aria-label={t.loading} />
      </Center>
    );
  }
  return (
    <Center h="100dvh" p="md">
      <Alert color="red" title={t.unreachable}>
        <Button variant="default" onClick={retry}>
          {t.retry}
        </Button>
      </Alert>
    </Center>
  );
}

function SessionEnded() {
  const t = useMessages(messages);
  return (
    <Dialog onClose={goToSignIn} title={t.ended}>
      <Text>{t.endedText}</Text>
      <Button onClick={goToSignIn}>{t.signIn}</Button>
    </Dialog>
  );
}
