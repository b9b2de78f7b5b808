import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Configuration } from "../../../../shared/domain/hyperparameter.ts";
import { isLog } from "../../../../shared/domain/ranges/range.ts";
import { packageFolder } from "../../../support/golden.ts";
import type { Recommendation } from "../recommending.ts";
import type { Searcher } from "../searcher.ts";
import type { Surface } from "../surface.ts";

const program = path.join(packageFolder(), "test/bench/search-quality/peers/driver.py");

interface Answer {
  readonly cpuMs: number;
  readonly error?: string;
  readonly positions?: Configuration | null;
  readonly estimate?: number;
}

/** A running driver.py: one request at a time, one search open at a time. */
export class PeerDriver {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param script  the program that answers; default: driver.py */
  constructor(python: string, script = program) {
    this.#child = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"] });
    if (!this.#child.stdout) throw new Error("driver.py has no stdout");
    // A program that cannot start, or ends early, is noticed when it gives no answer.
    this.#child.on("error", () => {});
    this.#child.stdin?.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Opens a search, which replaces the open one. @throws Error with the tool's own message */
  async open(search: string, surface: Surface, seed: number): Promise<Searcher> {
    const spaces = surface.hyperparameters.map(({ name, values, ordered, range }) => ({
      name,
      values: values.length,
      ordered,
      ...(range && { range: { from: range.from, to: range.to, log: isLog(range) } }),
    }));
    await this.#ask({ do: "open", search, seed, hyperparameters: spaces });
    let cpuMs = 0;
    const ask = async (request: object): Promise<Answer> => {
      const answer = await this.#ask(request);
      cpuMs += answer.cpuMs;
      return answer;
    };
    return {
      async choose(n) {
        const { positions } = await ask({ do: "ask", n });
        if (!positions) throw new Error(`${search} chose nothing for trial ${n}`);
        return positionsOf(surface, positions, n);
      },
      async completed(n, hpmax) {
        await ask({ do: "tell", n, hpmax });
      },
      recommend: async (): Promise<Recommendation | null> => {
        // Not part of choosing, so its CPU is not counted.
        const { positions, estimate } = await this.#ask({ do: "recommend" });
        if (!positions || estimate === undefined) return null;
        return { configuration: positionsOf(surface, positions, 0), estimate };
      },
      get cpuMs() {
        return cpuMs;
      },
    };
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Closes its input, on which the program ends. */
  end(): void {
    this.#child.stdin?.end();
  }

  async #ask(request: object): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(" ")} ended early; start it by hand to see why`);
    const answer = JSON.parse(value) as Answer; // driver.py is ours
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}

/** A tool answers with positions in lists and with numbers in ranges; each number becomes a mark. */
function positionsOf(surface: Surface, answered: readonly number[], started: number): Configuration {
  for (const [i, { name, range, values }] of surface.hyperparameters.entries()) {
    const value = answered[i] ?? 0;
    if (range && !values.includes(value)) surface.refine?.({ [name]: [value] }, started);
  }
  return surface.hyperparameters.map(({ range, values }, i) => {
    const value = answered[i] ?? 0;
    return range ? values.indexOf(value) : value;
  });
}
