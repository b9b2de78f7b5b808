import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { messageOf, UsageError } from "../../../shared/errors.ts";

export interface PngOptions {
  readonly widthMm: number;
  /** Dots per inch; undefined: 240, which is sharp on paper at the figure's own size. */
  readonly dpi: number | undefined;
  /** Use the font in this file. */
  readonly fontFile: string | undefined;
}

/** Resolved as an import is, wherever packages are installed. */
const fileOf = createRequire(import.meta.url).resolve;

/** Free to use and to pass on; looks alike on every machine. */
const ourFonts = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => `dejavu-fonts-ttf/ttf/${name}`);

let compiled: Promise<void> | undefined;

/**
 * Draws an SVG figure as PNG with resvg, which only this file imports: WebAssembly, the same on every machine. The font is ours
 * or the one named, never the machine's, so that a figure looks alike everywhere.
 *
 * @throws UsageError if the named file holds no font
 */
export async function svgToPng(svg: string, { widthMm, dpi = 240, fontFile }: PngOptions): Promise<Uint8Array> {
  compiled ??= readFile(fileOf("@resvg/resvg-wasm/index_bg.wasm")).then(initWasm);
  await compiled;
  const fontBuffers =
    fontFile === undefined
      ? await Promise.all(ourFonts.map((font) => readFile(fileOf(font))))
      : [await namedFont(fontFile)];
  const width = Math.round((widthMm / 25.4) * dpi);
  const drawing = new Resvg(svg, {
    // resvg takes the first font for every family that it does not know.
    font: { fontBuffers, ...(fontFile === undefined ? { defaultFontFamily: "DejaVu Sans" } : {}) },
    fitTo: { mode: "width", value: width },
    background: "#ffffff",
  });
  try {
    return drawing.render().asPng();
  } finally {
    drawing.free();
  }
}

async function namedFont(file: string): Promise<Uint8Array> {
  try {
    const font = await readFile(file);
    if (isFont(font)) return font;
  } catch (cause) {
    throw new UsageError(`--font=${file}: there is no font to be read: ${messageOf(cause)}`, { cause });
  }
  throw new UsageError(`--font=${file}: there is no font in that file; expected TrueType or OpenType (.ttf, .otf)`);
}

/** Whether resvg can measure text with this font. If not, it silently leaves out all text. */
function isFont(font: Uint8Array): boolean {
  const probe = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><text y="30">Hyperparameter</text></svg>`;
  const drawing = new Resvg(probe, { font: { fontBuffers: [font] } });
  try {
    return drawing.getBBox() !== undefined;
  } finally {
    drawing.free();
  }
}
