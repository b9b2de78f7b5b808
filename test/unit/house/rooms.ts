/**
 * Who may import whom: for each room, the other rooms of the same program that it may import. What is not named is forbidden.
 *
 * A room is a folder, or a file that lies beside the folders. Every room of the coordinator and of the worker may also
 * import `shared`; what `shared`'s own rooms may import is said below in the same way. imports.test.ts holds every import of
 * the product to this table, and names the rule that was broken.
 */
export interface Program {
  /** The program's folder. */
  readonly program: string;
  /** Room -> the rooms of the program that it may import. */
  readonly rooms: Readonly<Record<string, readonly string[]>>;
}

/** What reads and words a search, without drawing it. */
const views = ["live", "runs", "reading", "words", "chart"];

export const programs: readonly Program[] = [
  {
    program: "coordinator",
    rooms: {
      // decides, and knows nobody who looks on
      leader: [],
      endpoint: [],
      // what other machines may fetch: a worker of this version
      package: ["endpoint"],
      // programs of users that choose for a job; the leader knows only their port
      "own-search": [],
      peers: ["endpoint"],
      process: ["leader", "own-search", "peers", "endpoint", "package", "words"],
      // tells what a search is, to whatever view there is
      words: [],
      chart: [],
      reading: ["words"],
      live: ["reading", "words", "chart"],
      runs: ["reading", "words"],
      operator: ["endpoint", "reading", "words"],
      plots: ["runs", "reading", "words", "chart"],
      // views; only `view` and `program.ts` choose among them
      plain: views,
      tui: [...views, "operator", "plots"],
      view: ["plain", "tui", "cli", "live", "operator", "endpoint", "peers", "reading", "words", "chart"],
      cli: ["plain", "plots", "operator", "endpoint", "peers", "own-search", ...views],
      "demo-words.ts": [],
      "demo.ts": ["demo-words.ts", "plain", "operator", "endpoint", "words"],
      // first hides what it was started with, then loads the program
      "main.ts": ["program.ts"],
      "program.ts": ["process", "view", "peers", "endpoint", "own-search", "words"],
    },
  },
  {
    program: "worker",
    rooms: {
      processes: [],
      // which GPUs there are, and which run has which
      gpus: [],
      "own-code": [],
      joining: [],
      components: ["own-code"],
      stages: ["components", "own-code", "processes", "gpus"],
      runner: ["stages", "components", "own-code", "processes", "gpus"],
      // environments that jobs want for their programs
      setup: ["processes"],
      node: ["runner", "processes", "own-code", "gpus", "setup"],
      // what the machine's owner allows, and the signs that he is there; tells the node
      owner: ["node", "processes"],
      here: ["runner", "stages", "components", "own-code", "processes"],
      // has the machine start a worker by itself
      service: ["joining", "owner"],
      // what a worker tells its machine's owner, and where that is read
      status: ["node", "joining"],
      "main.ts": ["program.ts"],
      "flags.ts": ["node", "owner", "gpus"],
      "signals.ts": ["node", "owner"],
      "program.ts": [
        ...["flags.ts", "signals.ts", "node", "joining", "owner", "own-code", "processes", "service", "status", "gpus"],
      ],
    },
  },
  {
    program: "shared",
    rooms: {
      domain: [],
      "errors.ts": [],
      "ports.ts": ["domain"],
      "clock.ts": ["ports.ts"],
      "chance.ts": ["ports.ts"],
      "deadline.ts": ["ports.ts", "clock.ts"],
      "ending.ts": ["ports.ts"],
      "rotating-file.ts": [],
      "log.ts": ["rotating-file.ts"],
      "closed-pipe.ts": [],
      "help-lines.ts": [],
      "exit-after.ts": ["errors.ts"],
      machine: ["domain", "errors.ts"],
      tensorboard: ["domain"],
      wire: ["domain", "ports.ts", "errors.ts"],
      components: ["domain", "wire", "machine", "errors.ts"],
      broker: ["domain", "wire", "machine", "ports.ts", "errors.ts", "clock.ts", "deadline.ts", "ending.ts", "log.ts"],
    },
  },
];

/** The rooms of the product's folders that hold more than one room each: `coordinator/leader/reign.ts` -> `leader`. */
export function roomOf(file: string): { readonly program: string; readonly room: string } | undefined {
  const [program, room] = file.split("/");
  return program === undefined || room === undefined ? undefined : { program, room };
}
