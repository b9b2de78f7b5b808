import { load } from "js-yaml";
import { componentDefaults } from "../../shared/components/component-defaults.ts";
import type { ComponentSpec } from "../../worker/components/component-spec.ts";
import type { StageContext } from "../../worker/stages/stage.ts";

const defaults = componentDefaults();

/** A component's spec as a stage gets it: the shipped defaults plus `changes`, nested components too; randint is 7. */
export function componentSpec(component: string, changes: Readonly<Record<string, unknown>> = {}): ComponentSpec {
  const text = defaults.text(component);
  if (text === undefined) throw new Error(`no defaults file of ${component}`);
  const merged = { ...(load(text) as ComponentSpec), ...changes };
  const entries = Object.entries(merged).map(([key, value]) => [key, key === "component" ? value : expanded(value)]);
  return Object.fromEntries(entries) as ComponentSpec;
}

function expanded(value: unknown): unknown {
  if (value === "randint") return 7;
  if (typeof value !== "object" || value === null || !("component" in value)) return value;
  const { component, ...changes } = value as ComponentSpec;
  return componentSpec(component, changes);
}

/** Records a stage's reports, console lines and checkpoints for tests. */
export interface RecordedContext extends StageContext {
  readonly reports: { iters: number; values: readonly number[]; counts: readonly number[]; note: string | undefined }[];
  readonly lines: string[];
  readonly checkpoints: { iters: number; state: Uint8Array }[];
}

/** A context that only records. */
export function recordedContext(
  spec: ComponentSpec,
  options: {
    directory?: string;
    signal?: AbortSignal;
    resume?: Uint8Array;
    /** Called once per iteration with the number of earlier calls. */
    checkpointDue?: (asked: number) => boolean;
  } = {},
): RecordedContext {
  let asked = 0;
  const context: RecordedContext = {
    spec,
    directory: options.directory ?? ".",
    stateDirectory: options.directory ?? ".",
    codeFolder: null,
    inputsFolder: null,
    signal: options.signal ?? new AbortController().signal,
    leaving: new AbortController().signal,
    savingSeconds: 0,
    ...(options.resume ? { resume: options.resume } : {}),
    reports: [],
    lines: [],
    checkpoints: [],
    report: (iters, values, counts, note) => void context.reports.push({ iters, values, counts, note }),
    checkpointDue: () => options.checkpointDue?.(asked++) ?? false,
    checkpoint: async (iters, state) => void context.checkpoints.push({ iters, state }),
    log: (line) => void context.lines.push(line),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
  };
  return context;
}

/** The mean of a stage's first metric over all its reports. */
export function summaryOf(context: RecordedContext): number {
  let sum = 0;
  let count = 0;
  for (const { values, counts } of context.reports) {
    if (counts[0]! === 0) continue;
    sum += values[0]! * counts[0]!;
    count += counts[0]!;
  }
  return sum / count;
}
