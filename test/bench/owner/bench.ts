import { parseArgs } from "node:util";
import { messageOf } from "../../../shared/errors.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { LentMachine } from "./lent-machine.ts";
import { loops } from "./loops.ts";
import { keys, loads } from "./signs.ts";
import { residentMb, secondsOf } from "./worker-processes.ts";

const help = `npm run bench -- owner [idle] [keys] [loads] [pairs] [options]

Measures those that are named, or all of them, one after another. Nobody else may use the machine for loads and pairs.

  idle         what an idle worker costs; 3 minutes
  keys         how soon a worker's run stands still after a key at a real pseudo-terminal; 10 minutes
  loads        the same after a program that is not ours begins to burn a core; 4 minutes
  pairs        an owner's loop, alone and beside the runs; 4 minutes

  --keys N     how often; four workers notice each key on their own (default 200)
  --loads N    how often (default 72)
  --pairs N    how often each (default 60)
  --idle N     seconds for which an idle worker is watched (default 60)
  --runs N     runs that take all of a core each beside the owner's loop (default 4)
`;

/** The measurements, in order. */
const parts = ["idle", "keys", "loads", "pairs"] as const;

/**
 * Measures what an owner feels of a busy swarm: how soon the processor is free, how long the owner's own work takes,
 * what an idle worker costs.
 */
export async function run(args: string[]): Promise<void> {
  const number = (usual: number) => ({ type: "string", default: String(usual) }) as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      keys: number(200),
      loads: number(72),
      pairs: number(60),
      idle: number(60),
      runs: number(4),
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help || positionals.some((word) => !parts.some((part) => part === word))) {
    console.log(help);
    return;
  }
  console.log(`npm run bench -- owner ${args.join(" ")}\n`);
  const measure = {
    idle,
    keys,
    loads,
    pairs: (count: number) => loops(count, Number(values.runs)),
  };
  for (const part of parts) {
    const count = Number(values[part]);
    if (count <= 0 || (positionals.length > 0 && !positionals.includes(part))) continue;
    try {
      await measure[part](count);
    } catch (error) {
      console.log(`${part} were not measured: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
}

/** CPU of an idle worker, without rules and with all signs of use watched: no run, no job. */
async function idle(seconds: number): Promise<void> {
  for (const flags of [[], ["--when-idle", "--on-battery", "never", "--hours", "00:00-24:00"]]) {
    const machine = new LentMachine();
    try {
      const pid = await machine.lend(flags, 4);
      await pause(15_000); // it has joined and collected its start-up garbage
      const before = secondsOf(pid);
      const at = performance.now();
      await pause(seconds * 1000);
      const used = (secondsOf(pid) - before) / ((performance.now() - at) / 1000);
      const name = flags.length === 0 ? "idle worker without rules" : `idle worker, ${flags.join(" ")}`;
      console.log(
        `${name}: ${(used * 100).toFixed(3)} % of a core, ${residentMb(pid).toFixed(0)} MB, over ${seconds} s`,
      );
    } finally {
      await machine.end();
    }
  }
}
