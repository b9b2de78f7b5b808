import type { Order } from "../../shared/wire/messages.ts";
import type { AnyList } from "./lists/list-view.ts";

/** A question at the bottom of the screen. Keys go to it until it is answered. */
export type Prompt =
  | { readonly kind: "filter"; readonly list: AnyList; text: string; error: FilterProblem | null }
  | { readonly kind: "columns"; readonly list: AnyList; at: number }
  | { readonly kind: "quit"; readonly canOrder: boolean; readonly goesOn: string; readonly name: string }
  | OrderQuestion;

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
