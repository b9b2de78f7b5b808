import type { Command } from "commander";
import type { McpOptions } from "../mcp/mcp.ts";
import { type AddVerbs, examples } from "./verb.ts";

/** The verb with which an assistant reads a search. */
export const addMcp: AddVerbs = (program, { output, does }) => {
  program
    .command("mcp")
    .description(
      "serve the Model Context Protocol on standard input and output, so that an assistant can look at searches",
    )
    .option("--allow-changes", "let it pause, resume, cancel and submit too; without this it can only look")
    .addHelpText(
      "after",
      `
An assistant starts this itself. Most are configured like this:

  {"mcpServers": {"nexus": {"command": "nexus", "args": ["mcp"]}}}

Tools to look with: list_jobs, standings, list_runs, best, why, view_run, console, events, list_workers. With --allow-changes also
pause, resume, cancel and submit: then whoever speaks to the assistant can run programs on the workers.`,
    )
    .addHelpText("after", examples("nexus mcp", "nexus mcp --allow-changes"))
    .action(
      does(async () => {
        const { serveMcp } = await import("../mcp/mcp.ts");
        return (_session, _options: McpOptions, command: Command) =>
          serveMcp(command.optsWithGlobals<McpOptions>(), output);
      }),
    );
};
