import type { PlotKind } from "./kind.ts";
import { heatmap } from "./kinds/heatmap.ts";
import { importance } from "./kinds/importance.ts";
import { parallel } from "./kinds/parallel.ts";
import { runs } from "./kinds/runs.ts";
import { summary } from "./kinds/summary.ts";
import { timeline } from "./kinds/timeline.ts";
import type { PlotOption } from "./option.ts";

/** Every kind of plot, in the order of the help. */
export const plotKinds: readonly PlotKind[] = [runs, summary, importance, heatmap, parallel, timeline];

export const kindNames = (kinds: readonly PlotKind[]): string[] =>
  kinds.map(({ name }) => name).filter((name) => name !== "");

/** The help for the words after `nexus plot`. */
export function operandsHelp(kinds: readonly PlotKind[]): string {
  const names = kindNames(kinds);
  return `runs and metrics; or ${names.slice(0, -1).join(", ")} or ${names.at(-1)} and a job`;
}

/** Each option once; if kinds describe it differently, its help says both. */
export function optionsOf(kinds: readonly PlotKind[]): Pick<PlotOption<unknown>, "flags" | "form" | "help">[] {
  const found = new Map<string, { flags: string; form: PlotOption<unknown>["form"]; help: string }>();
  for (const { name, options } of kinds) {
    for (const { key, flags, form, help } of Object.values(options)) {
      const there = found.get(key);
      if (!there) found.set(key, { flags, form, help });
      else if (there.help !== help) there.help += `; ${name}: ${help}`;
    }
  }
  return [...found.values()];
}

/** The help below the options. */
export function examplesHelp(kinds: readonly PlotKind[]): string {
  const lines = kinds.flatMap(({ examples }) =>
    examples.map(([typed, shows]) => {
      const command = `  nexus plot ${typed}`;
      return command.padEnd(Math.max(58, command.length + 4)) + shows;
    }),
  );
  return `
Kinds:
${lines.join("\n")}

Runs are named as in nexus list runs. Without --save-to a plot is drawn as text; colours only on a terminal.
`;
}
