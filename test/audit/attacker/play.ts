import { allProcesses } from "../../support/process-list.ts";
import type { Act, Found } from "../act.ts";
import type { ExtraWorker } from "../ground/extra-worker.ts";
import type { Ground } from "../ground/ground.ts";

/** A line of bash that the author of a spec has a worker run. What it finds goes to `$OUT`. */
export interface Try {
  readonly title: string;
  readonly script: string;
  /** Harm without a sandbox too. */
  readonly always?: true;
}

/** What a play on a worker of its own came to. */
export interface Scene {
  readonly worker: ExtraWorker;
}

export interface Play<Played extends Scene> {
  readonly family: string;
  readonly role: string;
  /** Under this name the ground keeps it: many acts look at one play. */
  readonly key: string;
  begin(): Promise<Played>;
}

/** Makes acts of a play: each has it played, if nothing has yet, and looks at what it came to. Its worker must live on. */
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

/** A process whose words begin with the mark goes on. It is ended. */
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

/** Fails when the looks see nothing of what is certainly taken without a sandbox. @param what  takes it: a setup, a program */
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
