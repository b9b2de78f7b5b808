import { parseJobName } from "../../../shared/domain/names.ts";
import { UsageError } from "../../../shared/errors.ts";
import { giveOrder, newOrderId, refusalOf } from "../../operator/give-order.ts";
import { withOperatorLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";

/** `nexus release job1`: a held job ends, and its run folders may go. */
export async function releaseJob({ scope, output }: Session, typed: string, { json }: JsonOption): Promise<void> {
  const job = parseJobName(typed);
  if (!job)
    throw new UsageError(
      `"${typed}" is not a job; expected a name such as job1; to see what there is: nexus list jobs`,
    );
  const op = newOrderId();
  const answer = await withOperatorLink(scope, ({ bus }) =>
    giveOrder(bus, scope.paths.name, { kind: "release", op, job: job.name }, output),
  );
  if (!answer.ok) throw refusalOf([answer]);
  const { name } = answer;
  const reason = "released: its run folders may go, and the job has ended";
  if (json) output.result(`${JSON.stringify({ type: "order", v: 1, order: "release", op, name, ok: true, reason })}\n`);
  else output.result(`${name} ${reason}\n`);
}
