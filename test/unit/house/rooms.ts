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
      reading: [],
      live: ["reading", "words", "chart"],
      runs: ["reading", "words"],
      operator: ["endpoint", "reading"],
      plots: ["runs", "reading", "words", "chart"],
      // views, which know no other view; `view` chooses one for nexus-coord, and commands print plainly
      plain: ["live", "runs", "words"],
      tui: ["live", "runs", "words", "chart"],
      view: ["plain", "tui", "cli", "live", "operator", "endpoint", "peers", "words", "chart"],
      cli: [
        ...["plain", "plots", "operator", "endpoint", "peers", "own-search"],
        ...["live", "runs", "reading", "words", "chart"],
      ],
      "demo-words.ts": [],
      "demo.ts": ["demo-words.ts", "plain", "operator", "endpoint"],
      // first hides what it was started with, then loads the program
      "main.ts": ["program.ts"],
      "program.ts": ["process", "plain", "view", "peers", "endpoint", "own-search"],
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
      runner: ["stages", "components", "processes"],
      // environments that jobs want for their programs
      setup: ["processes"],
      node: ["runner", "processes", "own-code", "gpus", "setup"],
      // what the machine's owner allows, and the signs of their presence; tells the node
      owner: ["node", "processes"],
      here: ["runner", "stages", "components", "own-code"],
      // has the machine start a worker by itself
      service: ["joining", "owner", "gpus"],
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
      "ports.ts": [],
      "chance.ts": ["ports.ts"],
      // the system's clock, deadlines and ends by it
      time: ["ports.ts"],
      "rotating-file.ts": [],
      "log.ts": ["rotating-file.ts", "errors.ts"],
      // what each program does at its edges: help, exit codes, closed pipes
      program: ["domain", "errors.ts"],
      machine: ["domain", "errors.ts"],
      tensorboard: ["domain"],
      wire: ["domain", "ports.ts", "errors.ts"],
      components: ["domain", "wire", "machine", "errors.ts"],
      // what the commands and a run on this machine, without a swarm, tell each other
      here: ["domain"],
      broker: ["domain", "wire", "machine", "ports.ts", "errors.ts", "time"],
    },
  },
];

/**
 * What each file of the product reaches without an import that names it: modules of computed names, loaders, files
 * beside it. A program that is started by its path is listed here, even where the table above would forbid its import.
 */
export const unnamed: Readonly<Record<string, readonly string[]>> = {
  // modules whose names are computed: a user's own, a component's by its place, a worker that was fetched
  "coordinator/endpoint/bootstrap.ts": ["import"],
  "coordinator/own-search/module-host.ts": ["import"],
  "coordinator/package/start-here.ts": ["import", "import.meta.url"],
  "worker/components/registry.ts": ["import", "import", "import", "import"],
  "worker/own-code/own-code.ts": ["import"],
  // modules of Node's that are loaded when they are needed
  "coordinator/package/serve-package.ts": ["createRequire"],
  "shared/broker/client/sockets/proxy.ts": ["createRequire"],
  "shared/broker/client/sockets/secure.ts": ["createRequire"],
  // programs of the worker that the coordinator's commands start
  "coordinator/demo.ts": ["coordinator/main.ts", "worker/main.ts"],
  "coordinator/cli/check/check-spec.ts": ["worker/here/check-run.ts"],
  "coordinator/cli/submit/check-stages.ts": ["worker/here/check-stages.ts"],
  "coordinator/cli/submit/run-here.ts": ["worker/here/local-run.ts"],
  // programs and threads of the same program
  "coordinator/cli/mcp/mcp.ts": ["coordinator/cli/main.ts"],
  "coordinator/cli/submit/demo.ts": ["coordinator/demo.ts"],
  "coordinator/endpoint/launch.ts": ["coordinator/main.ts"],
  "coordinator/live/findings-desk.ts": ["coordinator/live/findings-thread.ts"],
  "coordinator/own-search/own-searches.ts": ["coordinator/own-search/module-host.ts"],
  "coordinator/process/snapshot-process.ts": ["coordinator/process/snapshot-writer.ts"],
  "shared/broker/server/server.ts": ["shared/broker/server/guard.ts"],
  "worker/node/housing.ts": ["worker/runner/main.ts"],
  "worker/service/machine.ts": ["worker/main.ts"],
  // files that are no modules
  "coordinator/plots/drawing/png.ts": ["createRequire"],
  "shared/components/component-defaults.ts": ["import.meta.url", "import.meta.url"],
  "worker/components/kernels/wasm.ts": ["worker/components/kernels/kernels.wasm"],
};

/** The program and the room of a file: `coordinator/leader/reign.ts` -> coordinator, `leader`. */
export function roomOf(file: string): { readonly program: string; readonly room: string } | undefined {
  const [program, room] = file.split("/");
  return program === undefined || room === undefined ? undefined : { program, room };
}
