import type { TypedOptions } from "../../plots/option.ts";
import { collect, count } from "./arguments.ts";
import type { AddVerbs } from "./verb.ts";

/** The kinds of plots and their options. */
export type PlotRegistry = typeof import("../../plots/registry.ts");

/** @param plots  undefined unless `plot` was typed; `--json` then stands in for the verb's options */
export const addPlot =
  (plots: PlotRegistry | undefined): AddVerbs =>
  (program, { does }) => {
    const command = program
      .command("plot")
      .description("draw metrics, a search's progress, or what hyperparameters do: in the terminal, as SVG or PNG")
      .argument("<what...>", plots?.operandsHelp(plots.plotKinds))
      .addHelpText("after", plots?.examplesHelp(plots.plotKinds) ?? "")
      .action(
        does(async () => {
          const { plot } = await import("../plot/plot.ts");
          return (session, words: string[], options: TypedOptions) => {
            const { isTTY, columns, rows } = process.stdout;
            const { color } = command.optsWithGlobals<{ color?: string }>();
            return plot(session, words, options, {
              isTerminal: isTTY === true,
              columns,
              rows,
              env: process.env,
              color,
            });
          };
        }),
      );
    if (!plots) command.option("--json");
    for (const { flags, help, form } of plots?.optionsOf(plots.plotKinds) ?? []) {
      if (form === "count") command.option(flags, help, count);
      else if (form === "list") command.option(flags, help, collect);
      else command.option(flags, help);
    }
  };
