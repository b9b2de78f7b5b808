import type { Command } from "commander";
import * as help from "../../plots/help.ts";
import type { PlotOptions } from "../../plots/request.ts";
import { collect, count } from "./arguments.ts";
import type { AddVerbs } from "./verb.ts";

export const addPlot: AddVerbs = (program, { globals, output }) => {
  program
    .command("plot")
    .description("draw metrics, a search's progress, or what hyperparameters do: in the terminal, as SVG or PNG")
    .argument("<what...>", "runs and metrics; or summary, importance, parallel, heatmap or timeline and a job")
    .option(
      "--aggregate <how>",
      "put runs together: mean, min, max, std, var, sem (none); heatmap: mean, max, min, std",
    )
    .option("--group-by <what>", "what is put together: run, node, job, experiment, workspace")
    .option("--shadow-type <spread>", "band: std, sem, var, min-max; pre-smooth: the curve before smoothing")
    .option("--error-bars <spread>", "bars: std, sem, var, min-max")
    .option("--break-on <what>", "a plot of its own for each run, col or group; commas between")
    .option("--layout <RxC>", "rows x columns of plots, e.g. 2x3")
    .option("--plot-type <type>", "line, scatter, histogram")
    .option(
      "--x <column>",
      "iters, hours; or a hyperparameter or other column, against which one value of each run is drawn",
    )
    .option("--x-label <text>", "instead of the column's name")
    .option("--y-label <text>", "instead of the column's name")
    .option("--x-limits <from,to>", "ends of the axis; either may be left out")
    .option("--y-limits <from,to>", "ends of the axis; either may be left out")
    .option("--x-scale <scale>", "linear, log")
    .option("--y-scale <scale>", "linear, log")
    .option("--title <text>", "above the whole; empty: none")
    .option("--plot-titles <texts>", "above each plot; commas between; $run, $job, $node, $col, $group")
    .option("--legend-titles <texts>", "in the legend; commas between, or one with $run, $job, $node, $col, $group")
    .option("--smoothing-factor <f>", "exponential moving average, 0 to below 1")
    .option("--colors <list>", "names or #rrggbb; commas between")
    .option("--bins <n>", "of a histogram", count)
    .option("--max-runs <n>", "only the first n runs", count)
    .option("--filter <test>", 'only runs that pass, e.g. "hpmax>=0.03"; may be repeated', collect)
    .option("--status <words>", "only runs with that status, e.g. completed,running")
    .option("--save-to <file>", "write to a file, .svg or .png, instead of the terminal")
    .option("--size <WxH>", "of a plot in a file, in millimetres, e.g. 90x60")
    .option("--dpi <n>", "dots per inch of a PNG (240)", count)
    .option("--font <file>", "font of a PNG, where the machine has none")
    .option("--glyphs <form>", "in the terminal: braille, block, ascii")
    .option("--json", "what is drawn as numbers, unrounded, one JSON object a line")
    .addHelpText("after", help.plot)
    .action(async (words: string[], options: PlotOptions, command: Command) => {
      const { isTTY, columns, rows } = process.stdout;
      const { color } = command.optsWithGlobals<{ color?: string }>();
      const screen = { isTerminal: isTTY === true, columns, rows, env: process.env, color };
      await (await import("../plot/plot.ts")).plot(globals(), words, options, screen, output);
    });
};
