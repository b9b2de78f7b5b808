import { NotFoundError, UsageError } from "../../shared/errors.ts";
import type { Order } from "../../shared/wire/messages.ts";
import { giveOrder } from "./give-order.ts";
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
  // The coordinator's refusal is a sentence; what is not there begins like this in coordinator/leader/orders.ts.
  throw answer.reason.startsWith("there is no ") ? new NotFoundError(answer.reason) : new UsageError(answer.reason);
}
