import { exitCode, NexusError, UsageError } from "../../../shared/errors.ts";

export interface PngOptions {
  readonly widthMm: number;
  /** Dots per inch; undefined: 240, which is sharp on paper at the figure's own size. */
  readonly dpi: number | undefined;
  /** Use this font instead of the machine's. */
  readonly fontFile: string | undefined;
  /** False: ignore the machine's fonts; for tests. */
  readonly hasSystemFonts?: boolean;
}

/**
 * Draws an SVG figure as PNG with resvg, which only this file imports. resvg is an optional dependency, with a binary for each
 * platform. It uses the machine's fonts and silently leaves out all text if there are none, so this checks first.
 *
 * @throws NexusError if resvg is not installed, UsageError if there is no font
 */
export async function svgToPng(svg: string, options: PngOptions): Promise<Uint8Array> {
  const { Resvg } = await loadResvg();
  const { widthMm, dpi = 240, fontFile, hasSystemFonts = true } = options;
  const font =
    fontFile === undefined
      ? { loadSystemFonts: hasSystemFonts }
      : { loadSystemFonts: false, fontFiles: [fontFile], defaultFontFamily: "" };
  /** The width of a word in that font; undefined if resvg would draw nothing. */
  const widthIn = (family: string): number | undefined =>
    new Resvg(
      `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40" font-family="${family}"><text y="30">Hyperparameter</text></svg>`,
      { font },
    ).getBBox()?.width;
  const usual = widthIn("no font has this name");
  if (usual === undefined) {
    throw new UsageError(fontFile === undefined ? noFont : `--font=${fontFile}: there is no font in that file`);
  }
  // If the first family of the SVG is missing, resvg takes any font and ignores the other families.
  const found = fontFile === undefined ? families.find((family) => widthIn(family) !== usual) : undefined;
  const width = Math.round((widthMm / 25.4) * dpi);
  return new Resvg(svg, {
    font: found === undefined ? font : { ...font, defaultFontFamily: found, sansSerifFamily: found },
    fitTo: { mode: "width", value: width },
    background: "#ffffff",
  })
    .render()
    .asPng();
}

/** Similar in look and width; almost every machine has one of them. */
const families = ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"];

const noFont = `a PNG needs a font, and there is none on this machine
  save it as SVG, which needs none: --save-to=plot.svg
  or name a font's file: --font=DejaVuSans.ttf
  or install some, on Debian and Ubuntu: apt-get install fonts-dejavu-core`;

async function loadResvg(): Promise<typeof import("@resvg/resvg-js")> {
  try {
    return await import("@resvg/resvg-js");
  } catch (cause) {
    throw new NexusError(
      "NO_RESVG",
      exitCode.failure,
      "PNG files are drawn by the optional package @resvg/resvg-js, which is not installed here\n" +
        "  save it as SVG, which needs nothing more: --save-to=plot.svg\n" +
        "  or install it: npm install @resvg/resvg-js",
      { cause },
    );
  }
}
