import type { JobName } from "../../../shared/domain/names.ts";
import type { Act, Family } from "../act.ts";
import type { Ground } from "../ground/ground.ts";
import { startProgram } from "../ground/programs.ts";
import { stateOf } from "../ground/state.ts";

/** Milliseconds. Forty calls at once took 16 s at a load of 10, and more than a minute at 56 (2026-11-29). */
const limitMs = 240_000;

const line = (id: unknown, method: unknown, params: unknown = {}): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });
const begin = line(0, "initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} });
const call = (name: unknown, given: unknown = {}, id: unknown = 1): string =>
  line(id, "tools/call", { name, arguments: given });
const runs = (more: object): string => call("list_runs", { job: "job1", last: 1, ...more });

/** Messages from a misled or broken client to a server without --allow-changes. */
const sayings: readonly (readonly [title: string, lines: readonly string[]])[] = [
  ["a cancellation", [call("cancel", { target: "job1" })]],
  ["a pause", [call("pause", { target: "job1" })]],
  ["a spec to run", [call("submit", { spec: "/etc/passwd" })]],
  ["a tool called __proto__", [call("__proto__", { job: "job1" })]],
  ["a tool called constructor", [call("constructor")]],
  ["a tool that is an object", [call({ toString: "x" })]],
  ["an option in the place of a name", [call("standings", { job: "--nats=nats://192.0.2.1:4222" })]],
  ["an option behind the filter", [runs({ filter: "hpmax>=0 --nats=nats://192.0.2.1" })]],
  ["a filter of zero bytes", [runs({ filter: "a\0b" })]],
  ["a filter of escapes", [runs({ filter: "\x1b[2J\x07" })]],
  ["a filter of 200,000 characters", [runs({ filter: "x".repeat(200_000) })]],
  ["a filter without end", [runs({ filter: "(".repeat(1900) })]],
  ["a slow filter", [runs({ filter: `run~(a+)+$` })]],
  ["a job of another workspace by a path", [call("standings", { job: "../../etc/job1" })]],
  ["all workspaces", [call("standings", { job: "*/*" })]],
  ["a name with a shell in it", [call("why", { name: "$(touch planted)" })]],
  ["a name that is a list", [call("why", { name: ["job1", "--yes"] })]],
  ["a name that is a mapping", [call("why", { name: { __proto__: 1 } })]],
  ["a count of 1e308", [call("console", { run: "run1.1", last: 1e308 })]],
  ["a count of -1", [call("console", { run: "run1.1", last: -1 })]],
  ["arguments that are a list", [call("list_jobs", [1])]],
  ["arguments of 1 MB", [call("list_jobs", { x: "y".repeat(1_000_000) })]],
  ["arguments 100,000 deep", [`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${"[".repeat(100_000)}`]],
  ["an id that is a mapping", [call("list_jobs", {}, { a: 1 })]],
  ["an id of NaN", ['{"jsonrpc":"2.0","id":NaN,"method":"ping"}']],
  ["the same id thirty times", Array.from({ length: 30 }, () => call("list_jobs"))],
  ["forty calls at once", Array.from({ length: 40 }, (_, i) => call("list_workers", {}, i + 1))],
  ["a cancellation of what never was", [line(undefined, "notifications/cancelled", { requestId: "__proto__" })]],
  ["a method that is none", [line(1, "__proto__")]],
  ["a method of 1 MB", [line(1, "m".repeat(1_000_000))]],
  ["100,000 lines of nonsense", ["x\n".repeat(100_000)]],
  ["a list of requests", [`[${call("cancel", { target: "job1" })}]`]],
  ["bytes that are no text", ["\xff\xfe\0\x01"]],
  ["a second beginning that asks for more", [line(2, "initialize", { protocolVersion: "x", allowChanges: true })]],
];

const said = sayings.map(
  ([title, lines]): Act => ({
    family: "mcp",
    role: "assistant",
    title: `says ${title}`,
    attempt: async (ground, mark) => {
      const input = [begin, ...lines].map((each) => `${each}\n`).join("");
      const program = startProgram("coordinator/cli/main.js", ["mcp"], ground.folder, ground.env, input);
      const code = await program.finished(limitMs);
      ground.notes.set(mark, { code, output: program.output() });
    },
    harm: async (ground, mark) => {
      const { code, output } = ground.notes.get(mark) as { code: number; output: string }; // as attempt left it
      if (code !== 0) return `the server ended with ${code}: ${output.slice(-200)}`;
      const strange = output.split("\n").find((each) => each !== "" && !isMessage(each));
      if (strange !== undefined) return `it printed ${JSON.stringify(strange.slice(0, 200))}`;
      return changed(ground);
    },
  }),
);

function isMessage(text: string): boolean {
  try {
    return (JSON.parse(text) as { jsonrpc?: unknown }).jsonrpc === "2.0";
  } catch {
    return false; // not a message
  }
}

async function changed(ground: Ground): Promise<string | undefined> {
  const table = (await stateOf(ground)).jobs.get("job1" as JobName);
  return table?.state === "searching" ? undefined : `job1 is ${table?.state}`;
}

export const mcp: Family = {
  name: "mcp",
  origin: "own",
  acts: () => said,
  control: async (ground) => {
    const words = ["mcp"];
    const input = `${begin}\n${call("list_jobs")}\n`;
    const program = startProgram("coordinator/cli/main.js", words, ground.folder, ground.env, input);
    await program.finished(limitMs);
    return program.output().includes("job1") ? undefined : `it was not answered: ${program.output().slice(0, 200)}`;
  },
};
