import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { firstSpecName, writeFirstSpec } from "../cli/init/init.ts";
import { livingEndpoint } from "../endpoint/endpoint.ts";

/** Whether someone is new here: the workspace never had a search, and the folder holds no spec. */
export function isNewcomer(paths: WorkspacePaths, folder: string): boolean {
  const hasStore = existsSync(paths.store) && readdirSync(paths.store).length > 0;
  return !livingEndpoint(paths) && !hasStore && !readdirSync(folder).some((name) => /\.ya?ml$/.test(name));
}

/** Whether nothing was asked for yet. A person who says where to listen wants the join line, and is no newcomer. */
export const isJustLooking = (
  { listen, listenWss }: { readonly listen?: string; readonly listenWss?: string | undefined },
  specs: readonly string[],
): boolean => specs.length === 0 && listen === undefined && listenWss === undefined;

/** Says what to do, and offers to write a first spec. Enter alone writes nothing. */
export async function welcome(
  folder: string,
  streams: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream },
): Promise<void> {
  const { output } = streams;
  output.write(welcomeText(folder, output.columns ?? 80));
  const answer = await lineFrom(streams.input);
  if (!/^y(es)?$/i.test(answer.trim())) return;
  writeFirstSpec(join(folder, firstSpecName));
  output.write(`${firstSpecName} written; in another terminal: nexus run ${firstSpecName}\n`);
}

/** Fits 80 columns; a long folder name gets a line of its own. */
export function welcomeText(folder: string, width: number): string {
  const question = `Write ${firstSpecName} into ${folder} now? [y/N] `;
  return `This starts a coordinator on this machine and shows its searches.
A spec says what a search tries:
  1. nexus init              writes a first one, ${firstSpecName}, into this folder
                             (or copy one of the examples in specs/)
  2. nexus run ${firstSpecName}   starts it
  3. nexus-worker LINE       on each machine that should join
                             (the screen shows the line)
${question.length <= width ? question : `Write ${firstSpecName} into\n  ${folder}\nnow? [y/N] `}`;
}

/** What to type for a first search: an example, if it lies here as in a checkout, or else one that `nexus init` writes. */
export function firstCommands(folder: string, flags: string): readonly string[] {
  const example = "specs/maze_dgd.yaml";
  if (existsSync(join(folder, example))) return [`nexus run ${example}${flags}`];
  return ["nexus init", `nexus run ${firstSpecName}${flags}`];
}

/** Reads one line. Not with node:readline, which would keep reading keys beside the screen. */
function lineFrom(input: NodeJS.ReadStream): Promise<string> {
  return new Promise((resolve) => {
    const done = (line: string): void => {
      input.off("data", onData);
      input.off("end", onEnd);
      input.pause();
      resolve(line);
    };
    const onData = (data: Buffer | string): void => done(data.toString());
    const onEnd = (): void => done("");
    input.on("data", onData);
    input.on("end", onEnd);
  });
}
