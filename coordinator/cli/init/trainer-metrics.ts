import { isLower } from "./find-metrics.ts";
import type { FoundMetrics } from "./found-options.ts";

/** A script's use of transformers' Trainer, as python/src/nexus_swarm/_read_script.py says. */
export interface TrainerReading {
  /** What compute_metrics returns, as far as the script writes it out. */
  readonly metrics: readonly string[];
  /** Whether there is a compute_metrics of which nothing was understood. */
  readonly hasUnknown: boolean;
  /** Whether it evaluates while it trains, or its command line may say so. */
  readonly evaluates: boolean;
  /** Whether the script itself asks for evaluation. */
  readonly isAsked: boolean;
  readonly best: { readonly name: string; readonly greater: boolean | null } | null;
}

/**
 * What the Trainer prints by itself: `{'eval_loss': 0.5, 'eval_accuracy': 0.8, ...}` after each evaluation, and the
 * loss of some steps. From version 5 on, the values are in quotes.
 */
export function trainerMetrics(trainer: TrainerReading): FoundMetrics & { readonly remarks: readonly string[] } {
  if (!trainer.evaluates)
    return {
      names: ["loss"],
      goal: "minimize",
      pattern: entry("loss"),
      remarks: [
        'the Trainer does not evaluate, so the search goes by the training loss; eval_strategy="epoch" in TrainingArguments and ' +
          "eval_dataset in Trainer would give it eval_loss",
      ],
    };
  const evaluated = (name: string): string => (name.startsWith("eval_") ? name : `eval_${name}`);
  const isName = (name: string): boolean => /^\w{1,60}$/.test(name);
  // The Trainer prints its own loss before the metrics that it renames to eval_NAME.
  const own = trainer.metrics.filter(isName);
  const before = own.filter((name) => name.startsWith("eval_"));
  const order = [...new Set([...before, "eval_loss", ...own.map(evaluated)])];
  const named = trainer.best && evaluated(trainer.best.name);
  const best = named !== null && order.includes(named) ? named : own[0] === undefined ? "eval_loss" : evaluated(own[0]);
  const greater = best === named ? (trainer.best?.greater ?? null) : null;
  const remarks: string[] = [];
  if (!trainer.isAsked)
    remarks.push(
      "the Trainer evaluates only if it is told to: pass --eval_strategy epoch in `command`, or set it in the script",
    );
  if (trainer.hasUnknown)
    remarks.push(
      "what compute_metrics returns is not written out in the script; add it to metrics and metric_pattern, as eval_NAME",
    );
  return {
    names: [best, ...order.filter((name) => name !== best)],
    goal: (greater ?? !isLower(best)) ? "maximize" : "minimize",
    pattern: order.map(entry).join(".*"),
    remarks,
  };
}

const entry = (name: string): string => `'${name}': '?(?<${name}>[-+.\\w]+)`;
