import { resolve } from "node:path";

/** What an assistant may ask of a search: each is one `nexus` command with --json. */
export interface McpTool {
  readonly name: string;
  readonly description: string;
  /** Whether it changes a search; such tools exist only with --allow-changes. */
  readonly changes: boolean;
  /** Whether it ends something that cannot be restored. */
  readonly ends?: boolean;
  readonly arguments: Readonly<Record<string, McpArgument>>;
  /** The words after `nexus`, from arguments that were checked. */
  words(given: Given): readonly string[];
}

interface McpArgument {
  readonly kind: "name" | "text" | "count";
  readonly description: string;
  /** Undefined: it must be given. */
  readonly fallback?: string | number;
}

/** By name; every argument is present, and one without a value is "". */
type Given = Readonly<Record<string, string | number>>;

const name = (description: string, fallback?: string): McpArgument =>
  fallback === undefined ? { kind: "name", description } : { kind: "name", description, fallback };
const last = (fallback: number): McpArgument => ({
  kind: "count",
  description: "at most so many, the newest or best",
  fallback,
});
const job = name("a job, such as job1");

/** Behind `--`, so that no word is taken for an option. */
const named = (...words: readonly unknown[]): string[] => ["--", ...words.map(String).filter((word) => word !== "")];

const order = (verb: string, description: string, ends = false): McpTool => ({
  name: verb,
  description,
  changes: true,
  ends,
  arguments: { target: name("a job, a run or a worker: job1, run1.7, lab-pc") },
  words: ({ target }) => [verb, "--yes", "--json", ...named(target)],
});

export const mcpTools: readonly McpTool[] = [
  {
    name: "list_jobs",
    description:
      "All searches (jobs) of the workspace: state, how many runs have ended, best hpmax (what is maximised), or lowest (of the metric that a job minimises).",
    changes: false,
    arguments: {},
    words: () => ["list", "jobs", "--json"],
  },
  {
    name: "standings",
    description:
      "The best runs of a job with their settings and metrics, best first. One lucky run is not the best setting: see best.",
    changes: false,
    arguments: { job, last: last(10) },
    words: (given) => {
      const sorted = ["--child", "--sort=metrics.hpmax", "--reverse", `--first=${given["last"]}`];
      return ["list", "runs", ...sorted, "--json", ...named(given["job"])];
    },
  },
  {
    name: "list_runs",
    description:
      "Runs of a job in their order, optionally only with a status (running, completed, error, pruned, ...) or a test.",
    changes: false,
    arguments: {
      job,
      status: name("a status, or several with commas", ""),
      filter: { kind: "text", description: 'a test, such as "hpmax>=0.9" or "lr<=0.001"', fallback: "" },
      last: last(50),
    },
    words: (given) => {
      const { status, filter } = given;
      const chosen = [
        ...(status === "" ? [] : [`--status=${status}`]),
        ...(filter === "" ? [] : [`--filter=${filter}`]),
      ];
      return ["list", "runs", "--child", ...chosen, `--last=${given["last"]}`, "--json", ...named(given["job"])];
    },
  },
  {
    name: "best",
    description:
      "Which setting of a job is best, what a new run of it should reach, with an interval, and whether to stop (eval).",
    changes: false,
    arguments: { job },
    words: (given) => ["eval", "--json", ...named(given["job"])],
  },
  {
    name: "why",
    description:
      "Why a job, run or worker runs, waits, stands still or has ended, and what would change it; without a name: what does not run.",
    changes: false,
    arguments: { name: name("job1, run1.7, lab-pc", "") },
    words: (given) => ["why", "--json", ...(given["name"] === "" ? [] : named(given["name"]))],
  },
  {
    name: "view_run",
    description: "One run: settings, metrics, attempts on workers, reason for its choice and its end, files.",
    changes: false,
    arguments: { run: name("a run, such as run1.7") },
    words: ({ run }) => ["view", "run", "--json", ...named(run)],
  },
  {
    name: "console",
    description: "The last lines that a run has printed.",
    changes: false,
    arguments: { run: name("a run, such as run1.7"), last: last(50) },
    words: (given) => ["view", "console", `--last=${given["last"]}`, "--json", ...named(given["run"])],
  },
  {
    name: "events",
    description:
      "What happened to a job, a run or a worker, in order: choices, losses, ends, orders and who gave them.",
    changes: false,
    arguments: { name: name("job1, run1.7, lab-pc"), last: last(50) },
    words: (given) => ["view", "events", `--last=${given["last"]}`, "--json", ...named(given["name"])],
  },
  {
    name: "list_workers",
    description: "The machines that lend their time: state, slots, what they run.",
    changes: false,
    arguments: {},
    words: () => ["list", "workers", "--json"],
  },
  order("pause", "Starts no more runs of a job, freezes a run, or gives a worker no more runs. resume undoes it."),
  order("resume", "Undoes a pause."),
  order("cancel", "Ends a job or a run now, without results; cannot be undone.", true),
  {
    name: "submit",
    description:
      "Starts the search that a runspec on this machine describes (enabled: 1); its code goes to the workers and runs there.",
    changes: true,
    arguments: { spec: { kind: "text", description: "path of the runspec, a YAML file" } },
    words: ({ spec }) => ["run", resolve(String(spec)), "--swarm-only", "--monitor", "none", "--json"],
  },
];

/** JSON Schema of a tool's arguments. */
export function schemaOf({ arguments: all }: McpTool): object {
  const properties = Object.entries(all).map(([key, { kind, description, fallback }]) => {
    const type = kind === "count" ? { type: "integer", minimum: 1, maximum: mostLast } : { type: "string" };
    return [key, { ...type, description, ...(fallback === undefined || fallback === "" ? {} : { default: fallback }) }];
  });
  const required = Object.keys(all).filter((key) => all[key]?.fallback === undefined);
  return { type: "object", properties: Object.fromEntries(properties), required, additionalProperties: false };
}

const mostLast = 1000;
/** Names of jobs, runs and workers, with workspace and wildcard; never what could be an option. */
const namePattern = /^[A-Za-z0-9][\w.*/,-]*$/;
/** Characters of an argument. */
const longest = 2000;

/** A value for an error message, cut to 200 characters. */
export const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 200);

/** The arguments with defaults put in; or what is wrong with them. */
export function checkArguments(tool: McpTool, raw: unknown): Given | { readonly problem: string } {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    return { problem: "arguments: expected an object" };
  const given = raw as Readonly<Record<string, unknown>>;
  const known = Object.keys(tool.arguments);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined)
    return {
      problem: `${tool.name} has no argument ${shown(unknown)}; it has: ${known.join(", ") || "none"}`,
    };
  const checked: Record<string, string | number> = {};
  for (const [key, { kind, fallback, description }] of Object.entries(tool.arguments)) {
    const value = given[key] ?? fallback;
    const found = `found ${shown(value)}`;
    if (kind === "count") {
      if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > mostLast)
        return { problem: `${key}: expected a whole number from 1 to ${mostLast}, ${found}` };
      checked[key] = Number(value);
    } else if (typeof value !== "string" || (value === "" && fallback === undefined)) {
      return { problem: `${key}: expected ${description}, ${found}` };
    } else if (value.length > longest || /\p{Cc}/u.test(value)) {
      return { problem: `${key}: expected at most ${longest} characters, none of them a control character, ${found}` };
    } else if (value !== "" && kind === "name" && !namePattern.test(value)) {
      return { problem: `${key}: expected ${description}, ${found}` };
    } else checked[key] = value;
  }
  return checked;
}
