import type { Log } from "../../shared/log.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Lending } from "../node/lending.ts";
import type { WorkerNews } from "../node/told/news.ts";
import type { InHand } from "../node/told/what-runs.ts";
import { type Fixed, StatusFile } from "./status-file.ts";
import { statusLine } from "./worker-status.ts";

/** The part of a worker that its owner is told of. */
export interface Working {
  readonly node: { readonly inHand: readonly InHand[]; readonly lending: Lending };
  /** Runs at a time, as of now: the owner may have changed the file of rules. */
  slots(): number;
  /** What its owner allows now, as the worker prints it at its start. */
  rules(): string;
}

/** Tells a machine's owner in one line what the worker does for whom, and keeps that in a file for `nexus-worker status`. */
export class OwnerTold {
  readonly #file: StatusFile;
  readonly #clock: Pick<Clock, "wall">;
  readonly #hasTerminal: boolean;

  constructor(
    stateDir: string,
    fixed: Fixed,
    { node, slots, rules }: Working,
    ports: { readonly clock: Pick<Clock, "wall">; readonly log: Log },
  ) {
    this.#clock = ports.clock;
    this.#hasTerminal = fixed.hasTerminal;
    this.#file = new StatusFile(stateDir, fixed, {
      wall: () => ports.clock.wall(),
      after: (ms, act) => void setTimeout(act, ms).unref(),
      now: () => ({
        slots: slots(),
        jobs: node.inHand,
        withheld: withheldText(node.lending),
        // The first clause says when it lends.
        promises: rules().split("; ", 1),
      }),
      onTrouble: (error) =>
        ports.log.warn(`the file that nexus-worker status reads cannot be written: ${String(error)}`),
    });
    this.#file.write();
  }

  /** As the worker's own terminal shows it. */
  get line(): string {
    return statusLine(this.#file.status, this.#clock.wall(), this.#hasTerminal);
  }

  news(news: WorkerNews): void {
    if (news.kind === "ended") this.#file.ended();
    if (news.kind === "started" || news.kind === "answered") this.#file.waits("");
    if (news.kind === "waiting" || news.kind === "refused" || news.kind === "silent") this.#file.waits(news.text);
    this.#file.changed();
  }

  /** The rules have changed. */
  changed(): void {
    this.#file.changed();
  }

  /** Why it cannot work, for a reason that no news tells; "" once it can. */
  trouble(why: string): void {
    this.#file.waits(why);
  }

  /** Says the line when the process gets SIGUSR1, which Windows does not have. */
  onSignal(say: (line: string) => void): void {
    if (process.platform !== "win32") process.on("SIGUSR1", () => say(this.line));
  }

  close(): void {
    this.#file.write();
  }
}

/** `somebody types at pts/3; lends again after 5 min`; "" while it lends. */
function withheldText({ word, why, until }: Lending): string {
  if (word === "open") return "";
  return `${why || "its owner keeps it from working"}${until === "" ? "" : `; lends again ${until}`}`;
}
