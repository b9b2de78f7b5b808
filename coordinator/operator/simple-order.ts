import type { Order } from "../../shared/wire/messages.ts";
import { giveOrder, refusalOf } from "./give-order.ts";
import { withOperatorLink } from "./operator-link.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, scopeOf } from "./scope.ts";

/**
 * Gives an order that concerns something which exists, and returns its name.
 *
 * @throws NotFoundError or UsageError with the coordinator's reason when it was refused
 */
export async function carriedOut(globals: GlobalOptions, order: Order, output: Output): Promise<string> {
  const scope = scopeOf(globals);
  const answer = await withOperatorLink(scope, ({ bus }) => giveOrder(bus, scope.paths.name, order, output));
  if (answer.ok) return answer.name;
  throw refusalOf([answer]);
}
