import { programVersion } from "../../../shared/components/version.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import type { DotForm } from "../../chart/dots.ts";
import { type Scope, withLink } from "../../operator/scope.ts";
import type { Session } from "../../operator/session.ts";
import { figureText } from "../../plots/drawing/terminal.ts";
import { type Figure, figureJson } from "../../plots/figure.ts";
import type { TypedOptions } from "../../plots/option.ts";
import { type PlotRequest, readRequest } from "../../plots/request.ts";
import { writeWhole } from "../../runs/whole-file.ts";

/** Where a text plot is printed. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Undefined if it is not a terminal. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** `--color` */
  readonly color: string | undefined;
}

/** `nexus plot`: writes a file, or prints text. */
export async function plot(
  { scope, output }: Session,
  words: readonly string[],
  options: TypedOptions,
  screen: Screen,
): Promise<void> {
  const request = readRequest(words, options);
  const { file } = request;
  // Loaded while the broker starts.
  const drawing = file && loadDrawing();
  const { readJournal } = await import("../../../shared/broker/store/journal-reader.ts");
  const figure = await withLink(scope, "viewer", async ({ bus }) =>
    request.figure({ state: await readJournal(bus), bus, workspace: scope.paths.name, flags: scope.flags }),
  );
  if (request.isJson) output.result(figureJson(figure));
  if (!file || !drawing) {
    if (request.isJson) return;
    output.result(`${figureText(figure, textLook(request, screen)).join("\n")}\n`);
    return;
  }
  const content = await fileContent(figure, request, scope, await drawing);
  writeWhole(file.path, [content], `--save-to=${file.path}`);
  output.note(`${file.path} written\n`);
}

/** Loads the drawing libraries, which take a third of a second, only if a file is wanted. */
const loadDrawing = () => import("../../plots/drawing/svg-figure.ts");

async function fileContent(
  figure: Figure,
  request: PlotRequest,
  scope: Scope,
  { figureSvg, usualSize }: Awaited<ReturnType<typeof loadDrawing>>,
): Promise<string | Uint8Array> {
  const size = request.size ?? usualSize(figure);
  const metadata = {
    program: `nexus ${programVersion()}`,
    command: `nexus ${process.argv.slice(2).map(shellWord).join(" ")}`,
    workspace: scope.paths.name,
    runs: request.runs.join(","),
    kind: figure.kind,
    made: `${new Date().toISOString().slice(0, 19)}Z`,
  };
  const svg = figureSvg(figure, metadata, size);
  if (request.file?.format !== "png") return svg;
  const { svgToPng } = await import("../../plots/drawing/png.ts");
  return svgToPng(svg, { widthMm: size.widthMm, dpi: request.file.dpi, fontFile: request.file.font });
}

/**
 * Colours as `--color` says; by default on a terminal (unless NO_COLOR is set), or if FORCE_COLOR is set. ASCII if the
 * locale is not UTF-8; blocks on the Linux console, whose font has no braille.
 */
export function textLook(request: Pick<PlotRequest, "form">, screen: Screen) {
  const { isTerminal, columns, rows, env, color } = screen;
  const { LC_ALL, LC_CTYPE, LANG, TERM, NO_COLOR, FORCE_COLOR } = env;
  const isUnicode = /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
  const usual: DotForm | undefined = !isUnicode || TERM === "dumb" ? "ascii" : TERM === "linux" ? "block" : undefined;
  const isWanted = isTerminal && !NO_COLOR && TERM !== "dumb";
  const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  return {
    width: Math.max(40, Math.min(columns ?? (Number(env["COLUMNS"]) || 80), 200)),
    // One row less, so that the prompt stays visible.
    height: Math.max(16, Math.min((rows ?? 25) - 1, 60)),
    form: request.form ?? usual,
    isColoured: color === "always" || (color !== "never" && (isWanted || isForced)),
  };
}
