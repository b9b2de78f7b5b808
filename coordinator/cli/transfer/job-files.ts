import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { Bus } from "../../../shared/ports.ts";
import { pathProblem } from "../../../shared/wire/artifacts.ts";
import { codeFilesIn } from "../../../shared/wire/code-bundle.ts";
import { sha256Of } from "../../../shared/wire/sealed-chunks.ts";
import { exportLines } from "../../runs/listing-file.ts";
import { listing } from "../../runs/run-listing.ts";
import { bundleFiles } from "./bundle-files.ts";
import type { RunFile } from "./run-files.ts";

/** A job's files besides those of its runs: its spec, the table of its runs, and the defaults and code submitted with it. */
export async function jobFiles(
  bus: Bus,
  table: RunTable,
  state: WorkspaceState,
  workspace: string,
): Promise<RunFile[]> {
  const { text, sources } = table.submitted;
  const made = (path: string, content: () => string): RunFile => ({
    path,
    sha256: undefined,
    content: async () => Buffer.from(content()),
  });
  return [
    made("spec.yaml", () => text),
    made("runs.csv", () => [...exportLines(listing({ runs: [table.job] }, state, workspace), "csv")].join("")),
    ...Object.entries(sources)
      .map(([component, defaults]) => made(`components/${component}.yaml`, () => defaults))
      .filter(({ path }) => pathProblem(path) === undefined),
    ...(await codeFiles(bus, table, "code/")),
    ...(await bundleFiles(bus, table.submitted.inputs, "inputs/", "inputs")),
  ];
}

/** The code submitted with the job, as it lay beside the spec. */
export async function codeFiles(bus: Bus, table: RunTable, folder = ""): Promise<RunFile[]> {
  const { code, largeCode } = table.submitted;
  const small = (code ? codeFilesIn(code) : []).map(({ path, bytes }) => ({
    path: folder + path,
    sha256: sha256Of(bytes),
    content: async () => bytes,
  }));
  return [...small, ...(await bundleFiles(bus, largeCode, folder, "code"))];
}
