import type { Order } from "../../shared/wire/messages.ts";
import type { LineEditor } from "./line-editor.ts";
import type { AnyList } from "./lists/list-view.ts";

/** A question at the bottom of the screen. Keys go to it until it is answered. */
export type Prompt =
  | FilterPrompt
  | { readonly kind: "columns"; readonly list: AnyList; at: number }
  | { readonly kind: "sort"; readonly list: AnyList; at: number }
  | { readonly kind: "quit"; readonly canOrder: boolean; readonly goesOn: string; readonly name: string }
  | OrderQuestion;

/** A filter being typed; the list follows each key. */
export interface FilterPrompt {
  readonly kind: "filter";
  readonly list: AnyList;
  readonly line: LineEditor;
  error: FilterProblem | null;
  /** The filter that Esc goes back to. */
  readonly before: string;
  /** Place in the list's history; its length: the line that is being typed, which is `draft` meanwhile. */
  recalled: number;
  draft: string;
}

/** What is wrong with a filter, and where. */
export interface FilterProblem {
  readonly at: number;
  readonly length: number;
  readonly problem: string;
}

/** A question before an order is sent: what the order does, and the command that does the same. */
export interface OrderQuestion {
  readonly kind: "order";
  /** One sentence with effect and count. */
  readonly effect: string;
  readonly command: string;
  /** Text that must be typed before Enter; null: y is enough. */
  readonly mustType: string | null;
  typed: string;
  readonly order: OrderWithoutId;
  /** Whether the screen ends when the order was accepted. */
  readonly leaves: boolean;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type OrderWithoutId = DistributiveOmit<Order, "op">;
