import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SearchProcess } from "../../coordinator/own-search/search-process.ts";
import type { Configuration, Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import { childRunName, type JobName, jobName } from "../../shared/domain/names.ts";
import {
  defaultOwnSearch,
  type OwnSearch,
  type OwnSearchEars,
  type OwnSearchJob,
  type ToldRun,
} from "../../shared/domain/search/own-search.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { SearchHere } from "../support/stories/own-search-here.ts";
import { silentLog } from "../support/stories/reign.ts";

/** What all processes of a search together have heard. */
export interface HeardBySearch {
  readonly asked: readonly { readonly ask: number; readonly n: number }[];
  readonly told: readonly ToldRun[];
  readonly reported: readonly (readonly [run: number, iters: number, value: number])[];
  readonly refused: readonly { readonly ask: number; readonly why: string }[];
  readonly excluded: readonly Configuration[];
  readonly grownTimes: number;
}

/** Plays the part of the search's program. */
export interface SearchRig {
  readonly search: OwnSearch;
  readonly heard: HeardBySearch;
  /** These three answer the oldest question. */
  answer(configuration: Configuration, why: string): void;
  later(why: string): void;
  finish(why: string): void;
  prune(run: number, why: string): void;
  /** Has the search's program killed. */
  die(): void;
  giveUp(why: string): void;
  end(): Promise<void>;
}

export interface OwnSearchImplementation {
  readonly name: string;
  /** Whether the search takes time to start, and wants no reports before. The one in memory runs at once. */
  readonly startsSlowly: boolean;
  readonly open: (job: OwnSearchJob, ears: OwnSearchEars, wantsReports: boolean) => Promise<SearchRig>;
}

const hyperparameters: readonly Hyperparameter[] = [
  { name: "a", ordered: true, values: [1, 2, 3, 4], tuned: 1 },
  { name: "b", ordered: false, values: ["x", "y"], tuned: "x" },
];

/** A job whose history the test writes. */
export class JobOfRuns implements OwnSearchJob {
  readonly job: JobName = jobName(1);
  // A test may take longer to answer than a search may.
  readonly settings = { ...defaultOwnSearch, command: ["puppet"], answerSeconds: 3600 };
  readonly code = null;
  readonly seed = 7;
  readonly totalRuns = 100;
  readonly hyperparameters = hyperparameters;
  readonly where = [];
  readonly past: ToldRun[] = [];
  readonly failed: Configuration[] = [];

  runs(): number {
    return this.past.length;
  }

  history(): Iterable<ToldRun> {
    return this.past;
  }

  excluded(): Iterable<Configuration> {
    return this.failed;
  }
}

export const ranTo = (run: number, configuration: Configuration, ask: number | null, value: number): ToldRun => ({
  ...{ run, name: childRunName(1, run), ask, configuration, state: "completed", value, reason: "" },
});

export const ownSearchImplementations: readonly OwnSearchImplementation[] = [
  { name: "a program", startsSlowly: true, open: openPuppet },
  {
    name: "the search in memory",
    startsSlowly: false,
    open: async (job, ears, wantsReports) => {
      const search = new SearchHere(job, ears);
      search.wantsReports = wantsReports;
      return {
        search,
        heard: search,
        answer: (configuration, why) => void search.answer(configuration, why),
        later: (why) => search.later(why),
        finish: (why) => search.finish(why),
        prune: (run, why) => search.prune(run, why),
        die: () => search.die(),
        giveUp: (why) => search.giveUp(why),
        end: async () => search.close(),
      };
    },
  },
];

const puppet = fileURLToPath(new URL("../support/processes/search-puppet.js", import.meta.url));

/** A line of the protocol. Its type says which of these fields it has. */
type Line = Omit<ToldRun, "ask" | "value"> & {
  readonly [count in "ask" | "n" | "iters" | "value"]: number;
} & { readonly [word in "type" | "why"]: string };

async function openPuppet(job: OwnSearchJob, ears: OwnSearchEars, wantsReports: boolean): Promise<SearchRig> {
  const folder = temporaryFolder();
  const path = join(folder, "strings");
  const asked: { ask: number; n: number }[] = [];
  const told: ToldRun[] = [];
  const reported: (readonly [number, number, number])[] = [];
  const refused: { ask: number; why: string }[] = [];
  const excluded: Configuration[] = [];
  const heard = { asked, told, reported, refused, excluded, grownTimes: 0 };
  let strings: Socket | undefined;
  const say = (words: object): void => void strings?.write(`${JSON.stringify(words)}\n`);
  const hear = ({ type, ...said }: Line): void => {
    if (type === "hello") {
      say({ type: "ready", protocol: 1, name: "puppet", reports: wantsReports });
    } else if (type === "ask") asked.push({ ask: said.ask, n: said.n });
    else if (type === "tell") {
      const { run, name, ask, configuration, state, value, reason } = said;
      told.push({ run, name, ask, configuration, state, value, reason });
    } else if (type === "report" || type === "diverged") reported.push([said.run, said.iters, Number(said.value)]);
    else if (type === "refuse") refused.push({ ask: said.ask, why: said.why });
    else if (type === "exclude") excluded.push(said.configuration);
    else if (type === "values") heard.grownTimes += 1;
  };
  const server = createServer((socket) => {
    strings = socket;
    socket.on("error", () => undefined);
    const lines = createInterface({ input: socket });
    lines.on("line", (line) => hear(JSON.parse(line)));
    // The program is killed while it writes.
    lines.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let hasClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    hasClosed = resolve;
  });
  const search = new SearchProcess(job, ears, {
    clock: systemClock,
    log: silentLog,
    launch: () => ({
      command: [process.execPath, puppet, path],
      cwd: folder,
      env: process.env,
      memory: job.settings.memory,
    }),
    grumble: () => undefined,
    closed: () => hasClosed(),
  });
  const oldest = (): number => asked.shift()?.ask ?? 0;
  return {
    search,
    heard,
    answer: (configuration, why) => say({ type: "choice", ask: oldest(), configuration, why }),
    later: (why) => say({ type: "later", ask: oldest(), why }),
    finish: (why) => say({ type: "finished", ask: oldest(), why }),
    prune: (run, why) => say({ type: "prune", run, why }),
    // A line that is not of the protocol has the program killed.
    die: () => {
      asked.length = 0;
      say({ type: "nonsense" });
    },
    giveUp: (why) => say({ type: "error", message: why }),
    end: async () => {
      search.close();
      await closed;
      strings?.destroy();
      server.close();
    },
  };
}
