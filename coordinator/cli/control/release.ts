import { parseJobName } from "../../../shared/domain/names.ts";
import { UsageError } from "../../../shared/errors.ts";
import { newOrderId } from "../../operator/give-order.ts";
import type { Output } from "../../operator/output.ts";
import type { GlobalOptions } from "../../operator/scope.ts";
import { carriedOut } from "../../operator/simple-order.ts";

/** `nexus release job1`: a held job ends, and its run folders may go. */
export async function releaseJob(
  globals: GlobalOptions,
  typed: string,
  { json }: { readonly json?: boolean | undefined },
  output: Output,
): Promise<void> {
  const job = parseJobName(typed);
  if (!job)
    throw new UsageError(`"${typed}" is no job; expected a name such as job1; to see what there is: nexus list jobs`);
  const op = newOrderId();
  const name = await carriedOut(globals, { kind: "release", op, job: job.name }, output);
  const reason = "released: its run folders may go, and the job has ended";
  if (json) output.result(`${JSON.stringify({ type: "order", v: 1, order: "release", op, name, ok: true, reason })}\n`);
  else output.result(`${name} ${reason}\n`);
}
