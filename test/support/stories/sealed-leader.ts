import { serve } from "../../../coordinator/leader/service.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { JournalFooting } from "../../../shared/broker/store/journal-footing.ts";
import { ensureSealFile, readSeals } from "../../../shared/broker/store/seal-file.ts";
import { type Foreign, SealedBus } from "../../../shared/broker/store/sealed-bus.ts";
import { systemChance } from "../../../shared/chance.ts";
import { createWorkspace, type WorkspacePaths, workspaceAt } from "../../../shared/machine/workspace.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { atEnd, temporaryFolder } from "../cleanup.ts";
import { silentLog } from "./reign.ts";

/** A machine that may lead: its workspace folder holds a seal key. */
export function machine(): WorkspacePaths {
  const paths = workspaceAt(`${temporaryFolder()}/ws1`);
  createWorkspace(paths);
  ensureSealFile(paths);
  return paths;
}

/** The bus of a process on that machine. @param onForeign  called with each message that no coordinator wrote */
export async function sealedBus(
  url: string,
  paths: WorkspacePaths,
  onForeign: (foreign: Foreign) => void = () => undefined,
): Promise<SealedBus> {
  const plain = await connectBus({ url, credentials: {}, name: "test" });
  atEnd(() => plain.close());
  const seals = readSeals(paths);
  if (!seals) throw new Error(`no key in ${paths.secrets}`);
  return new SealedBus(plain, seals, onForeign);
}

export interface SealedLeader {
  readonly bus: SealedBus;
  /** The messages that it reported as written by no coordinator. */
  readonly foreign: readonly Foreign[];
  /** Its warnings since it last began to lead, above all why it stopped; not that the broker was slow at a renewal. */
  readonly warnings: readonly string[];
  readonly leading: Promise<unknown>;
  /** How many times it has begun to lead. */
  readonly times: () => number;
  readonly over: Promise<void>;
  stop(): Promise<void>;
}

/**
 * The real leader service on that machine; it stands by until it leads.
 *
 * @param questionsUrl  where questions reach it
 */
export async function sealedLeader(
  url: string,
  paths: WorkspacePaths,
  name: string,
  questionsUrl = url,
  leaseMs = 30_000,
  beforeRelease: () => Promise<void> = async () => undefined,
): Promise<SealedLeader> {
  const foreign: Foreign[] = [];
  const warnings: string[] = [];
  const bus = await sealedBus(url, paths, (each) => foreign.push(each));
  const questions = await connectBus({ url: questionsUrl, credentials: {}, name: "test" });
  atEnd(() => questions.close());
  const footing = new JournalFooting(bus, paths);
  const stop = new AbortController();
  let times = 0;
  let begun: () => void = () => undefined;
  const led = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const over = footing.check().then(() =>
    serve(
      {
        bus,
        questions,
        clock: systemClock,
        chance: systemChance,
        log: {
          ...silentLog,
          warn: (...said: unknown[]) => {
            const warning = said.map(String).join(" ");
            if (!warning.includes("renewing the lead: ")) warnings.push(warning);
          },
        },
        identity: { leader: name, host: name, pid: 1, started: "now" },
        leaseMs,
        isKnownDead: () => false,
        drawSeed: () => 1,
        publishUsers: async () => undefined,
        checkJournal: () => footing.check(),
        onLed: (seq) => footing.begun(seq),
        writeSnapshot: async () => undefined,
        beforeRelease,
        onLeading: (leads) => {
          if (!leads) return;
          // It may have tried several terms before it led, with a warning for each.
          warnings.length = 0;
          times += 1;
          begun();
        },
      },
      stop.signal,
    ),
  );
  const leading = Promise.race([led, over]);
  leading.catch(() => undefined);
  const ended = async (): Promise<void> => {
    stop.abort();
    await over.catch(() => undefined);
  };
  atEnd(ended);
  return { bus, foreign, warnings, leading, times: () => times, over, stop: ended };
}
