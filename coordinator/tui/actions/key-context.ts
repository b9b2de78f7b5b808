import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { OrderQuestion } from "../prompt.ts";
import type { Terminal } from "../terminal/terminal-port.ts";
import type { ViewModel } from "../view-model.ts";

export interface AppPorts {
  /** Has the coordinator carry out an order; throws if nobody answers. */
  readonly send: (order: Order) => Promise<OrderAnswer>;
  /** Writes the screen's text to a file and returns the file's name. */
  readonly save: (text: string) => string;
  /** Keeps the choice of columns for the next start; throws if it cannot be written. */
  readonly remember: () => void;
  /** Suspends this process as Ctrl-Z does. */
  readonly suspend: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds of processor time of this process. */
  readonly cpu: () => number;
}

/** How a person left. */
export interface Leaving {
  readonly exitCode: number;
  /** Printed once the terminal is restored. */
  readonly message: string;
}

/** What the handler of a key may use. */
export interface KeyContext {
  readonly model: ViewModel;
  readonly terminal: Terminal;
  readonly ports: AppPorts;
  readonly now: number;
  say(text: string): void;
  askToQuit(): void;
  leave(leaving: Leaving): void;
  carryOut(question: OrderQuestion): void;
  /** The message for a person who detaches. */
  readonly detachedText: string;
}
