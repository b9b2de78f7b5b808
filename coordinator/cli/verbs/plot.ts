import type { TypedOptions } from "../../plots/option.ts";
import { examplesHelp, operandsHelp, optionsOf, plotKinds } from "../../plots/registry.ts";
import { collect, count } from "./arguments.ts";
import type { AddVerbs } from "./verb.ts";

export const addPlot: AddVerbs = (program, { globals, output }) => {
  const command = program
    .command("plot")
    .description("draw metrics, a search's progress, or what hyperparameters do: in the terminal, as SVG or PNG")
    .argument("<what...>", operandsHelp(plotKinds))
    .addHelpText("after", examplesHelp(plotKinds))
    .action(async (words: string[], options: TypedOptions) => {
      const { isTTY, columns, rows } = process.stdout;
      const { color } = command.optsWithGlobals<{ color?: string }>();
      const screen = { isTerminal: isTTY === true, columns, rows, env: process.env, color };
      await (await import("../plot/plot.ts")).plot(globals(), words, options, screen, output);
    });
  for (const { flags, help, form } of optionsOf(plotKinds)) {
    if (form === "count") command.option(flags, help, count);
    else if (form === "list") command.option(flags, help, collect);
    else command.option(flags, help);
  }
};
