import type { Trial } from "../../../shared/domain/fold/trial.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { Output } from "../../operator/output.ts";
import type { ConsoleText } from "../../reading/evidence-reader.ts";

export interface ConsoleLook {
  /** Start with the last n lines. */
  readonly last?: number | undefined;
  /** One object a line: `{"type":"line","v":1,"run":"run1.1","attempt":1,"text":"..."}`. */
  readonly json?: boolean | undefined;
}

/**
 * Prints a run's console. What exists at first is held until it is complete, so that its last lines are known; later lines are
 * printed as they come. If there are several attempts, a line precedes each.
 */
export class ConsolePrinter {
  readonly #trial: Trial;
  readonly #look: ConsoleLook;
  readonly #output: Output;
  #held: ConsoleText[] | null = [];
  #shownAttempt = 1;
  /** Whether the run has printed nothing so far. */
  isSilent = true;

  constructor(trial: Trial, look: ConsoleLook, output: Output) {
    this.#trial = trial;
    this.#look = look;
    this.#output = output;
  }

  say(said: ConsoleText): void {
    if (said.text === "") return;
    this.isSilent = false;
    if (this.#held) this.#held.push(said);
    else this.#print(this.#lines(said));
  }

  /** Prints what existed at first; call when it is complete. */
  caughtUp(): void {
    const held = this.#held ?? [];
    this.#held = null;
    if (held.some(({ attempt }) => attempt > 1)) this.#shownAttempt = 0;
    const lines = held.flatMap((said) => this.#lines(said));
    this.#print(this.#look.last === undefined ? lines : lines.slice(-this.#look.last));
  }

  #lines({ attempt, text }: ConsoleText): string[] {
    const lines = text.replace(/\n$/, "").split("\n");
    if (this.#look.json) {
      return lines.map((line) => JSON.stringify({ type: "line", v: 1, run: this.#trial.run, attempt, text: line }));
    }
    const isOther = attempt !== this.#shownAttempt;
    this.#shownAttempt = attempt;
    const worker = this.#trial.attempts.find((each) => each.attempt === attempt)?.worker ?? "?";
    return [...(isOther ? [`--- attempt ${attempt}, ${worker} ---`] : []), ...lines.map(safe)];
  }

  #print(lines: readonly string[]): void {
    if (lines.length > 0) this.#output.result(`${lines.join("\n")}\n`);
  }
}

/** Removes what would move the reader's cursor; tabs are kept. */
const safe = (line: string): string => line.split("\t").map(printable).join("\t");
