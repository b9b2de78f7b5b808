import { examples } from "./examples.ts";
import type { AddVerbs } from "./verb.ts";

export const addInit: AddVerbs = (program, { output }) => {
  program
    .command("init [file]")
    .description("write a first runspec, with a word on every line, that runs as it is (search.yaml)")
    .addHelpText("after", examples("nexus init", "nexus init maze.yaml"))
    .action(async (file: string | undefined) => {
      const { firstSpecName, initSpec } = await import("../submit/init.ts");
      initSpec(file ?? firstSpecName, output);
    });
};
