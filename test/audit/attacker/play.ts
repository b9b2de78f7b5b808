import { allProcesses } from "../../support/process-list.ts";
import type { Act, Found } from "../act.ts";
import type { ExtraWorker } from "../ground/extra-worker.ts";
import type { Ground } from "../ground/ground.ts";

/** A line of bash that a spec's author makes a worker run. It writes its findings to `$OUT`. */
export interface Try {
  readonly title: string;
  readonly script: string;
  /** Whether it is harm even without a sandbox. */
  readonly always?: true;
}

/** The outcome of a play on its own worker. */
export interface Scene {
  readonly worker: ExtraWorker;
}

export interface Play<Played extends Scene> {
  readonly family: string;
  readonly role: string;
  /** The ground's note that keeps the outcome, since many acts look at one play. */
  readonly key: string;
  begin(): Promise<Played>;
}

/** Makes acts of a play. The first act plays it, each looks at the outcome, and the play's worker must survive. */
export function actsOfPlay<Played extends Scene>(
  ground: Ground,
  { family, role, key, begin }: Play<Played>,
): (title: string, harm: (played: Played) => Found | Promise<Found>) => Act {
  const scene = (): Promise<Played> => {
    const playing = (ground.notes.get(key) as Promise<Played> | undefined) ?? begin();
    ground.notes.set(key, playing);
    return playing;
  };
  return (title, harm) => ({
    family,
    role,
    title,
    attempt: async () => {
      await scene();
    },
    harm: async () => {
      const played = await scene();
      const { program } = played.worker;
      return program.exitCode === undefined ? harm(played) : `its worker has ended: ${program.output().slice(-300)}`;
    },
  });
}

/** The harm: a process whose command line begins with the mark still runs. Kills it. */
export function goesOn(mark: string): Found {
  const alive = allProcesses().find(({ command }) => command.startsWith(mark));
  if (alive) process.kill(alive.pid, "SIGKILL");
  return alive && `process ${alive.pid} goes on`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const raw = /\x1b[[\]]|\x07|\x9b/;

export const printsRaw = {
  title: "has what it prints reach the terminal of its worker raw",
  harm: ({ worker }: Scene): Found => (raw.test(worker.program.output()) ? "it did" : undefined),
};

/**
 * An act that fails if the looks miss a theft that certainly succeeds without a sandbox.
 * @param what  the thief, e.g. setup
 */
export const seesWhatIsTaken = <Played extends Scene>(
  ground: Ground,
  family: string,
  what: string,
  key: string,
  taken: (played: Played) => Found,
): Act => ({
  family,
  role: "audit",
  title: `sees what a ${what} takes along`,
  attempt: () => undefined,
  harm: async () => {
    const played = await (ground.notes.get(key) as Promise<Played>); // as the acts before left it
    if (taken(played) === undefined) throw new Error(`blind: what a ${what} without a sandbox takes was not seen`);
    return undefined;
  },
});
