import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";
import type { Bus } from "../../../shared/ports.ts";
import type { ControlTarget, ControlVerb, Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import { type Asker, processAsker } from "../../operator/ask.ts";
import { giveOrder, newOrderId, refusalOf } from "../../operator/give-order.ts";
import { withOperatorLink } from "../../operator/operator-link.ts";
import type { Output } from "../../operator/output.ts";
import { type GlobalOptions, type Scope, scopeOf } from "../../operator/scope.ts";
import { effectOf, type OrderSubject } from "../../words/order-effects.ts";
import { heldBy } from "../../words/silence.ts";
import { checkWords, type Named, namedTargets, namedWorkers } from "./control-targets.ts";

export interface ControlOptions {
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `nexus pause|resume|drain|stop|cancel job1 run5.* lab-pc`: one order for each job, each job's runs, and each worker. */
export async function controlTargets(
  globals: GlobalOptions,
  verb: ControlVerb,
  words: readonly string[],
  options: ControlOptions,
  output: Output,
  asker: Asker = processAsker,
): Promise<void> {
  const scope = scopeOf(globals);
  const { name: workspace } = scope.paths;
  checkWords(words, (each, state) => namedTargets(each, state, workspace));
  await withOperatorLink(scope, async ({ bus }) => {
    const state = await readJournal(bus);
    const named = namedTargets(words, state, workspace);
    if (named.length === 0) throw new NotFoundError(`nothing to ${verb}: none of these has a run yet`);
    const isRun = named.some(({ kind }) => kind === "runs");
    if (verb === "drain" && isRun) throw new UsageError("runs cannot be drained; name a job or a worker");
    const effects = named.map((each) => effectOf(verb, subjectOf(each, state)));
    // What undoes the others loses nothing.
    const isAsked = verb !== "resume";
    const isGrave = verb === "cancel" && named.some(({ kind }) => kind === "job");
    if (isAsked && !(await agreed({ verb, effects, isGrave, options, asker }, output))) return;
    await giveAll(
      { bus, scope, output, options },
      named.map((each) => ({
        name: nameOf(each),
        order: { kind: "control", op: newOrderId(), verb, target: targetOf(each) },
      })),
    );
  });
}

/** `nexus bench lab-pc`, `nexus admit lab-*`. */
export async function judgeWorkers(
  globals: GlobalOptions,
  kind: "bench" | "admit",
  words: readonly string[],
  options: ControlOptions,
  output: Output,
  asker: Asker = processAsker,
): Promise<void> {
  const scope = scopeOf(globals);
  checkWords(words, namedWorkers);
  await withOperatorLink(scope, async ({ bus }) => {
    const state = await readJournal(bus);
    const workers = namedWorkers(words, state);
    if (kind === "bench") {
      const held = heldBy(state);
      const effects = workers.map((worker) => effectOf(kind, { kind: "worker", worker, held: held.get(worker) ?? 0 }));
      if (!(await agreed({ verb: kind, effects, isGrave: false, options, asker }, output))) return;
    }
    await giveAll(
      { bus, scope, output, options },
      workers.map((worker) => ({ name: worker, order: { kind, op: newOrderId(), worker } })),
    );
  });
}

interface Question {
  readonly verb: string;
  readonly effects: readonly string[];
  /** Not to be done by a script that does not say so. */
  readonly isGrave: boolean;
  readonly options: ControlOptions;
  readonly asker: Asker;
}

/** Whether to go on: asked on a terminal, taken for granted elsewhere unless it is grave. */
export async function agreed({ verb, effects, isGrave, options, asker }: Question, output: Output): Promise<boolean> {
  if (options.yes) return true;
  if (!asker.isTerminal) {
    if (!isGrave) return true;
    throw new UsageError(
      `${verb} of a whole job is not done unasked, and here nobody can be asked\n${effects.map((line) => `  ${line}`).join("\n")}\n  to do it all the same: add --yes`,
    );
  }
  output.note(`${effects.join("\n")}\n`);
  if (await asker.ask(`${verb}?`)) return true;
  output.note("nothing was done\n");
  return false;
}

interface Giving {
  readonly bus: Bus;
  readonly scope: Scope;
  readonly output: Output;
  readonly options: ControlOptions;
}

/** Gives orders one after the other; says what came of each, and fails at the end when any was refused. */
export async function giveAll(
  { bus, scope, output, options }: Giving,
  orders: readonly { readonly name: string; readonly order: Order }[],
): Promise<void> {
  const refusals: OrderAnswer[] = [];
  for (const { name, order } of orders) {
    const answer = await giveOrder(bus, scope.paths.name, order, output);
    if (options.json) output.result(`${JSON.stringify(answerObject(name, order, answer))}\n`);
    else if (answer.ok) output.result(`${name}: ${answer.reason}\n`);
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

/** What the effect of an order is told of. */
export function subjectOf(named: Named, state: WorkspaceState): OrderSubject {
  switch (named.kind) {
    case "job":
      return named;
    case "runs": {
      const { table, trials } = named;
      return { kind: "runs", name: `${runNames(trials)} of ${table.job}`, open: trials.filter(isOpen).length };
    }
    case "worker":
      return { ...named, held: heldBy(state).get(named.worker) ?? 0 };
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

function targetOf(named: Named): ControlTarget {
  switch (named.kind) {
    case "job":
      return { kind: "job", job: named.table.job };
    case "runs":
      // Those that have ended need no order; were there none left, the answer says so.
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
