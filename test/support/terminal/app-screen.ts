import type { Leaving } from "../../../coordinator/tui/actions/key-context.ts";
import { App } from "../../../coordinator/tui/app.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import { storyStart } from "../stories/job-story.ts";
import { SimulatedSearch } from "../stories/simulated-search.ts";
import { FakeTerminal } from "../terminal/fake-terminal.ts";

/** A screen over a search of 200 runs; the test presses its keys and catches its orders. */
export class Screen {
  readonly search: SimulatedSearch;
  readonly terminal = new FakeTerminal();
  readonly orders: Order[] = [];
  readonly saved: string[] = [];
  suspended = 0;
  remembered = 0;
  now = 100_000;
  left: Leaving | undefined;
  answer: OrderAnswer | Error = { ok: true, code: "done", term: 1, name: "job1", reason: "" };
  readonly #app: App;

  constructor(options: { readonly isReadonly?: boolean; readonly flags?: string; readonly top?: number } = {}) {
    this.search = new SimulatedSearch({ runs: 200, workers: 6, colour: false, ...options }, storyStart);
    this.search.second(this.now);
    this.#app = new App(this.search.model, this.terminal, {
      send: async (order) => {
        this.orders.push(order);
        if (this.answer instanceof Error) throw this.answer;
        return this.answer;
      },
      save: (text) => {
        this.saved.push(text);
        return "/tmp/screen.txt";
      },
      remember: () => {
        this.remembered += 1;
      },
      suspend: () => {
        this.suspended += 1;
      },
      now: () => this.now,
      cpu: () => 0,
    });
    void this.#app.left.then((leaving) => {
      this.left = leaving;
    });
    this.#app.start();
    this.#app.stop();
  }

  get hasLeft(): boolean {
    return this.left !== undefined;
  }

  get model(): SimulatedSearch["model"] {
    return this.search.model;
  }

  press(...names: readonly string[]): void {
    this.terminal.press(...names);
  }

  type(text: string): void {
    this.terminal.type(text);
  }

  /** The screen's text after all key presses, without colours. */
  async text(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bold and inverse are escapes.
    return this.terminal.lines.join("\n").replace(/\u001b\[[\d;]*m/g, "");
  }
}
