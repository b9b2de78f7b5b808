/** Checks that the stages of a spec accept each of its values. `nexus run` and `nexus edit` start this process. */

import type { Setting } from "../../shared/domain/hyperparameter.ts";
import type { ChosenSettings } from "../../shared/domain/run.ts";
import { shown } from "../../shared/domain/runspec/problems.ts";
import type { Spec } from "../../shared/domain/runspec/spec.ts";
import { expandStages, withChosen } from "../../shared/domain/runspec/spec-read.ts";
import { randintAt } from "../../shared/domain/seeds.ts";
import { SpecError } from "../../shared/errors.ts";
import type { StageCheck, StageCheckAnswer, StageProblem } from "../../shared/here/stage-check.ts";
import type { ComponentSpec } from "../components/component-spec.ts";
import { PropertyError } from "../components/property-error.ts";
import { NotAComponent } from "../own-code/own-code.ts";
import { readCarried } from "../runner/read-carried.ts";
import { stageFactory } from "../stages/registry.ts";
import type { StageContext } from "../stages/stage.ts";

/**
 * Our components check their properties when created. The user's code is left to a worker: this machine may lack what
 * it needs.
 */
async function problemsOf({ added, ...carried }: StageCheck): Promise<StageProblem[]> {
  const spec = readCarried(carried);
  const tuned: ChosenSettings = Object.fromEntries(spec.hyperparameters.map(({ name, tuned }) => [name, tuned]));
  const found = new Map<string, StageProblem>();
  const note = (problems: readonly StageProblem[], whose: string): void => {
    for (const { text, objection } of problems)
      if (!found.has(text)) found.set(text, { text: `${whose}${text}`, objection });
  };
  note(await objections(spec, tuned), "");
  for (const { name, values } of spec.hyperparameters) {
    const tried: readonly Setting[] = added === null ? values : (added[name] ?? []);
    for (const value of tried) {
      note(await objections(spec, { ...tuned, [name]: value }), `${name} = ${shown(value)}: `);
    }
  }
  return [...found.values()];
}

/** What the components find wrong with these settings. */
async function objections(spec: Spec, settings: ChosenSettings): Promise<StageProblem[]> {
  const problems: StageProblem[] = [];
  const draw = (path: string): number => randintAt(0, path);
  for (const stage of expandStages(withChosen(spec, settings), settings, draw)) {
    if (!stage.enabled) continue;
    try {
      const make = await stageFactory(stage.component, null);
      await make(contextOf(stage.spec));
    } catch (error) {
      // Any other error, such as a file missing on this machine, says nothing about the spec.
      if (!(error instanceof SpecError) || error instanceof NotAComponent) continue;
      const objections = error instanceof PropertyError ? error.objections : [];
      problems.push(...error.message.split("\n").map((text, i) => ({ text, objection: objections[i] ?? null })));
    }
  }
  return problems;
}

const contextOf = (spec: ComponentSpec): StageContext => ({
  spec,
  directory: ".",
  stateDirectory: ".",
  codeFolder: null,
  inputsFolder: null,
  signal: new AbortController().signal,
  report: () => undefined,
  leaving: new AbortController().signal,
  savingSeconds: 0,
  checkpointDue: () => false,
  checkpoint: () => Promise.resolve(),
  log: () => undefined,
  breathe: async () => undefined,
});

process.once("message", (question: StageCheck) => {
  void problemsOf(question).then((problems) => {
    process.send?.({ problems } satisfies StageCheckAnswer, () => process.disconnect());
  });
});
process.on("disconnect", () => process.exit());
