import { useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import type { Refusal } from "@/graphql/refusal";
import { LedgerLengthDocument } from "../ledger.generated";
import type { KeptHead } from "./checks";
import { DownloadRefused, openLedger } from "./download";
import { verifyLedger, type Verdict } from "./verify";

/** Milliseconds between two times that the progress is drawn: drawing takes longer than verifying a batch. */
const DRAW_MILLISECONDS = 200;

/** Where a verification is. */
export type Progress =
  | { state: "idle" }
  | { state: "running"; verified: number; entries: number }
  | { state: "done"; verdict: Verdict; kept: KeptHead | null }
  /** Why the server refused it, or null where the connection broke off. */
  | { state: "failed"; verified: number; refusal: Refusal | null };

/** Returns how to verify the ledger, and where that is; it ends with the component. */
export function useVerification() {
  const client = useClient();
  const [progress, setProgress] = useState<Progress>({ state: "idle" });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const entriesNow = async () => {
    const context = { requestPolicy: "network-only" } as const;
    const { data } = await client.query(LedgerLengthDocument, {}, context).toPromise();
    return data?.ledger?.edges[0]?.node.position ?? 0;
  };
  const start = async (kept: KeptHead | null) => {
    running.current?.abort();
    const controller = (running.current = new AbortController());
    const show = (value: Progress) => !controller.signal.aborted && setProgress(value);
    let verified = 0;
    let drawnAt = performance.now();
    show({ state: "running", verified, entries: 0 });
    try {
      const entries = await entriesNow();
      const verdict = await verifyLedger(await openLedger(controller.signal), kept, (count) => {
        verified = count;
        if (performance.now() - drawnAt < DRAW_MILLISECONDS) return;
        drawnAt = performance.now();
        show({ state: "running", verified, entries });
      });
      show({ state: "done", verdict, kept });
    } catch (error) {
      show({ state: "failed", verified, refusal: error instanceof DownloadRefused ? error.refusal : null });
    }
  };
  return { progress, start };
}
