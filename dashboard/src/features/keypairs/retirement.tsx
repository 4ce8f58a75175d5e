import { useSession } from "@/app/session";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { Instant } from "@/ui/instant";
import { RetirementDocument, type KeypairDetailFragment } from "./keypairs.generated";
import { messages } from "./messages";

/** When a keypair was retired; for those who may read the ledger also by whom and why. */
export function Retirement({ keypair: { id, retiredAt } }: { keypair: KeypairDetailFragment }) {
  const t = useMessages(messages);
  const { can } = useSession();
  const variables = { since: retiredAt ?? "" };
  const pause = retiredAt === null || !can("VIEW_LEDGER");
  const { data } = useLiveQuery({ query: RetirementDocument, variables, pause }, []);
  if (retiredAt === null) return null;
  const entry = data?.ledger?.edges.find(({ node }) => node.subjectId === id)?.node;
  return (
    <>
      <Instant at={retiredAt} />
      {entry && ` ${[t.by(entry.actorName), entry.reason].filter(Boolean).join(": ")}`}
    </>
  );
}
