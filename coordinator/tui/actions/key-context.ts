import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Confirmation } from "../prompt.ts";
import type { Terminal } from "../terminal/terminal-port.ts";
import type { ViewModel } from "../view-model.ts";

export interface AppPorts {
  /** Has the coordinator carry out an order; throws where nobody answers. */
  readonly send: (order: Order) => Promise<OrderAnswer>;
  /** Writes the screen's text to a file, and returns its name. */
  readonly save: (text: string) => string;
  /** Keeps the choice of columns for the next start; throws where that cannot be. */
  readonly remember: () => void;
  /** Stops this process as Ctrl-Z does. */
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

/** What a key may touch. */
export interface KeyContext {
  readonly model: ViewModel;
  readonly terminal: Terminal;
  readonly ports: AppPorts;
  readonly now: number;
  say(text: string): void;
  askToQuit(): void;
  leave(leaving: Leaving): void;
  carryOut(confirmation: Confirmation): void;
  /** What a person who detaches is told. */
  readonly detachedText: string;
}
