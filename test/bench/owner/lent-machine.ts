import { readFileSync } from "node:fs";
import { join } from "node:path";
import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { messageOf } from "../../../shared/errors.ts";
import { childrenOf } from "../../../shared/machine/process-tree.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { decodeOrderAnswer, encodeOrder } from "../../../shared/wire/messages.ts";
import { operator } from "../../../shared/wire/subjects.ts";
import { Rig, until } from "../../chaos/rig.ts";
import { runOrder, writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { descendantsOf, isExecuting, nameOf } from "./worker-processes.ts";

/** Loads a processor as training does: it never rests. It reports each second. */
const busyProgram = `
let next = 0;
for (let i = 1, x = 1; ; i += 1) {
  x = Math.sqrt(x + i);
  if (i % 1e6 !== 0 || Date.now() < next) continue;
  next = Date.now() + 1000;
  console.log(JSON.stringify({ report: { value: x }, iters: Math.floor(i / 1e6) }));
}`;

const programName = "busy";

/** A real coordinator and the workers that this machine is lent to. */
export class LentMachine {
  readonly #rig = new Rig(10);
  readonly workers: number[] = [];

  /** Returns the first worker. @param flags  the owner's rules */
  async lend(flags: readonly string[], slots: number, workers = 1): Promise<number> {
    await this.#rig.lead();
    for (let i = 1; i <= workers; i += 1)
      this.workers.push((await this.#rig.addWorker(`lent-${i}`, slots, flags)).pid ?? 0);
    return this.workers[0] ?? 0;
  }

  /** Gives the workers `runs` runs that each fill a core; resolves when all work. */
  async busy(runs: number): Promise<void> {
    const settings = { total_runs: runs, hp_tuning: false };
    const spec = writeProgramSpec(this.#rig.folder, programName, settings, busyProgram);
    const link = await linkWorkspace(this.#rig.paths, "operator");
    try {
      const answer = decodeOrderAnswer(
        await link.bus.request(operator(operatorName()), encodeOrder(runOrder(spec)), 30_000),
      );
      if (!answer.ok) throw new Error(answer.reason);
    } finally {
      await link.close();
    }
    const all = (): boolean => this.programs().length === runs;
    try {
      await until("all runs work", 120_000, async () => all());
    } catch (error) {
      throw new Error(`${messageOf(error)}; ${this.programs().length} of ${runs} do\n${this.said()}`);
    }
    await pause(2000);
  }

  /** Each worker's last line of output. */
  said(): string {
    const last = (name: string): string =>
      readFileSync(join(this.#rig.folder, `${name}.1.out`), "utf8")
        .trim()
        .split("\n")
        .at(-1) ?? "";
    return this.#rig.workers.map(({ victim: { name } }) => `  ${name}: ${last(name)}`).join("\n");
  }

  get folder(): string {
    return this.#rig.folder;
  }

  /** The programs of the runs, which never rest. Each has a waiting shell beside it and a runner as its parent. */
  programs(): number[] {
    return this.processes().filter((pid) => isExecuting(pid, `${programName}.mjs`));
  }

  /** Every process of the runs except their reapers, which only wait. */
  processes(of: readonly number[] = this.workers): number[] {
    return of.flatMap((worker) => {
      const reapers = childrenOf(worker).filter((pid) => nameOf(pid) !== "node");
      return descendantsOf(worker).filter((pid) => !reapers.includes(pid));
    });
  }

  end(): Promise<void> {
    return this.#rig.end();
  }
}
