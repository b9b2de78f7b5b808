import { isWorkerId } from "../../shared/domain/names.ts";
import { UsageError } from "../../shared/errors.ts";
import { newOrderId } from "./order.ts";
import type { Output } from "./output.ts";
import type { GlobalOptions } from "./scope.ts";
import { carriedOut } from "./simple-order.ts";

/** `nexus admit lab-pc`: a worker that was benched gets runs again. */
export async function admitWorker(globals: GlobalOptions, typed: string, output: Output): Promise<void> {
  if (!isWorkerId(typed)) {
    throw new UsageError(
      `"${typed}" is no worker; expected lower-case letters, digits and "-"; to see what there is: nexus list workers`,
    );
  }
  const name = await carriedOut(globals, { kind: "admit", op: newOrderId(), worker: typed }, output);
  output.result(`${name} admitted: it gets runs again\n`);
}
