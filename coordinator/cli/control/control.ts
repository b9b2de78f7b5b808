import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { printableLines } from "../../../shared/domain/printable.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";
import { letStart } from "../../../shared/machine/restored-file.ts";
import type { ControlTarget, ControlVerb, Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import { giveOrder, newOrderId, refusalOf } from "../../operator/give-order.ts";
import { type JsonOption, ordering, type Reader, type Session } from "../../operator/session.ts";
import { effectOf, type OrderSubject } from "../../words/order-effects.ts";
import { heldByWorker } from "../../words/silence.ts";
import { checkWords, type Named, namedTargets, namedWorkers } from "./control-targets.ts";

export interface ControlOptions extends JsonOption {
  readonly yes?: boolean | undefined;
}

/** `nexus pause|resume|drain|stop|cancel job1 run5.* lab-pc`: one order for each job, each job's runs, and each worker. */
export async function controlTargets(
  session: Session,
  verb: ControlVerb,
  words: readonly string[],
  options: ControlOptions,
): Promise<void> {
  const { flags } = session.scope;
  const { name: workspace } = session.scope.paths;
  checkWords(words, (each, state) => namedTargets(each, state, workspace, flags));
  await ordering(session, async (reader) => {
    const { state } = reader;
    const named = namedTargets(words, state, workspace, flags);
    if (named.length === 0) throw new NotFoundError(`nothing to ${verb}: these have no runs yet`);
    if (verb === "drain" && named.some(({ kind }) => kind === "runs"))
      throw new UsageError("runs cannot be drained; name a job or a worker");
    if (!(await agreed(session, { ...questionOf(verb, named, state), ...options }))) return;
    const orders = named.map((each): NamedOrder => {
      return { name: nameOf(each), order: { kind: "control", op: newOrderId(), verb, target: targetOf(each) } };
    });
    if (verb === "resume") {
      const jobs = named.flatMap((each) => (each.kind === "job" ? each.table.submitted : []));
      letStart(session.scope.paths, jobs);
    }
    await giveAll(reader, orders, options);
  });
}

/** `nexus bench lab-pc`, `nexus admit lab-*`. */
export async function judgeWorkers(
  session: Session,
  kind: "bench" | "admit",
  words: readonly string[],
  options: ControlOptions,
): Promise<void> {
  checkWords(words, (each, state) => namedWorkers(each, state, session.scope.flags));
  await ordering(session, async (reader) => {
    const workers = namedWorkers(words, reader.state, reader.flags);
    const held = heldByWorker(reader.state);
    const effects = workers.map((worker) => effectOf(kind, { kind: "worker", worker, held: held.get(worker) ?? 0 }));
    if (kind === "bench" && !(await agreed(session, { verb: kind, effects, isGrave: false, ...options }))) return;
    const orders = workers.map((worker): NamedOrder => ({ name: worker, order: { kind, op: newOrderId(), worker } }));
    await giveAll(reader, orders, options);
  });
}

/** The question before an order. It leaves out targets that have ended: the leader's answer says that they have. */
export function questionOf(verb: ControlVerb, named: readonly Named[], state: WorkspaceState): Question {
  const living = named.filter((each) => !hasEnded(each));
  // Resuming loses nothing.
  const effects = verb === "resume" ? [] : living.map((each) => effectOf(verb, subjectOf(each, state)));
  return { verb, effects, isGrave: verb === "cancel" && living.some(({ kind }) => kind === "job") };
}

interface Question {
  readonly verb: string;
  /** What the order will do, one line each; if empty, no question is asked. */
  readonly effects: readonly string[];
  /** Whether a script must give --yes. */
  readonly isGrave: boolean;
  readonly yes?: boolean | undefined;
}

/** Asks on a terminal whether to go on; elsewhere agrees. @throws UsageError elsewhere if the order is grave */
export async function agreed(
  { output, asker }: Pick<Session, "output" | "asker">,
  { verb, effects, isGrave, yes }: Question,
): Promise<boolean> {
  if (yes || effects.length === 0) return true;
  if (!asker.isTerminal) {
    if (!isGrave) return true;
    throw new UsageError(
      `${verb} of a whole job needs a confirmation, and here nobody can be asked\n${effects.map((line) => `  ${line}`).join("\n")}\n  to do it without a question, add --yes`,
    );
  }
  output.note(`${effects.join("\n")}\n`);
  if (await asker.ask(`${verb}?`)) return true;
  output.note("nothing was done\n");
  return false;
}

export interface NamedOrder {
  /** The target's name, for the answer. */
  readonly name: string;
  readonly order: Order;
}

/** Gives orders one after the other and prints each answer; fails at the end if any was refused. */
export async function giveAll(
  { bus, workspace, output }: Reader,
  orders: readonly NamedOrder[],
  { json }: JsonOption,
): Promise<void> {
  const refusals: OrderAnswer[] = [];
  for (const { name, order } of orders) {
    const answer = await giveOrder(bus, workspace, order, output);
    if (json) output.result(`${JSON.stringify(answerObject(name, order, answer))}\n`);
    else if (answer.ok) output.result(`${name}: ${printableLines(answer.reason)}\n`);
    if (!answer.ok) refusals.push(answer);
  }
  if (refusals.length > 0) throw refusalOf(refusals);
}

const answerObject = (name: string, order: Order, { ok, reason }: OrderAnswer): object => ({
  type: "order",
  v: 1,
  order: order.kind === "control" ? order.verb : order.kind,
  op: order.op,
  name,
  ok,
  reason,
});

/** The target, in the form that the text of an effect needs. */
export function subjectOf(named: Named, state: WorkspaceState): OrderSubject {
  switch (named.kind) {
    case "job":
      return named;
    case "runs": {
      const { table, trials } = named;
      return { kind: "runs", name: `${runNames(trials)} of ${table.job}`, open: trials.filter(isOpen).length };
    }
    case "worker":
      return { ...named, held: heldByWorker(state).get(named.worker) ?? 0 };
    default: {
      const never: never = named;
      return never;
    }
  }
}

function runNames(trials: readonly Trial[]): string {
  const names = trials.map(({ run }) => run);
  return names.length <= 2 ? names.join(" and ") : `${names.length} runs (${names[0]}, ${names[1]}, ...)`;
}

const hasEnded = (named: Named): boolean =>
  (named.kind === "job" && named.table.isOver) || (named.kind === "runs" && !named.trials.some(isOpen));

function targetOf(named: Named): ControlTarget {
  switch (named.kind) {
    case "job":
      return { kind: "job", job: named.table.job };
    case "runs":
      // Runs that have ended need no order; if none is left, the answer says so.
      return { kind: "runs", job: named.table.job, trials: named.trials.filter(isOpen).map(({ n }) => n) };
    case "worker":
      return named;
    default: {
      const never: never = named;
      return never;
    }
  }
}

function nameOf(named: Named): string {
  if (named.kind === "job") return named.table.job;
  return named.kind === "worker" ? named.worker : `runs of ${named.table.job}`;
}
