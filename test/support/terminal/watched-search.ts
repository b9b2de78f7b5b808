import { fileURLToPath } from "node:url";
import type { JobName } from "../../../shared/domain/names.ts";
import { type Program, Swarm } from "../processes/swarm.ts";
import { quoted } from "./tmux.ts";

const program = fileURLToPath(new URL("../../../coordinator/main.js", import.meta.url));
const thrower = fileURLToPath(new URL("./throw-on-signal.js", import.meta.url));

/** A real search, and the scripts for a terminal that watches it. */
export class WatchedSearch {
  readonly swarm = new Swarm();
  #job: JobName | undefined;
  #coordinator: Program | undefined;

  get job(): JobName {
    if (!this.#job) throw new Error("the search has not started");
    return this.#job;
  }

  get coordinator(): Program {
    if (!this.#coordinator) throw new Error("the coordinator has not started");
    return this.#coordinator;
  }

  /**
   * A coordinator, a worker with two slots, and a search with some results; it goes on until the test ends.
   *
   * @param seconds  how long a run lasts; if longer than the test, two runs go on and none has a result
   */
  async start(seconds = 1.6): Promise<void> {
    this.#coordinator = await this.swarm.coordinator(["--lease", "6"]);
    this.swarm.worker("lab-1", ["--slots", "2"]);
    const spec = this.swarm.probeSpec("maze", { total_runs: 5000, hp_tuning: "dgd" }, { reports: 10, seconds });
    this.#job = await this.swarm.submit(spec);
    await this.swarm.when("some runs are done, or two last", this.job, ({ ended, running }) =>
      seconds < 60 ? ended > 1 : running === 2,
    );
  }

  /** A script for a terminal: runs the screen, then prints its exit code and the terminal's modes. */
  script(command = "watch"): string {
    return `${this.environment()}; ${this.command(command)}; echo "exit=$?"; stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e -echo -e icanon -e -icanon | tr '\\n' ' '; echo 'is what is left'; exec sleep 1000`;
  }

  command(command = "watch"): string {
    return `${quoted(process.execPath)} --import ${quoted(thrower)} ${quoted(program)} ${command}`;
  }

  environment(): string {
    const names = ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "PATH"];
    const settings = names.map((name) => `export ${name}=${quoted(this.swarm.env[name] ?? "")}`);
    return `cd ${quoted(this.swarm.folder)}; ${settings.join("; ")}`;
  }
}
