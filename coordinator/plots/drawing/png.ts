import { exitCode, NexusError, UsageError } from "../../../shared/errors.ts";

export interface PngOptions {
  readonly widthMm: number;
  /** Dots per inch: 240 is sharp on paper at the figure's own size. */
  readonly dpi: number;
  /** Its font instead of this machine's. */
  readonly fontFile: string | undefined;
  /** False: as if this machine had no fonts; for tests. */
  readonly hasSystemFonts?: boolean;
}

export const usualDpi = 240;

/**
 * An SVG figure as PNG, by resvg; the only file that knows it. It is an optional dependency, with a binary for each platform, and
 * it writes text with the fonts of this machine: where there are none it would leave all text out without a word.
 *
 * @throws NexusError where resvg is not installed, UsageError where there is no font
 */
export async function svgToPng(svg: string, options: PngOptions): Promise<Uint8Array> {
  const { Resvg } = await loadResvg();
  const { widthMm, dpi, fontFile, hasSystemFonts = true } = options;
  const font =
    fontFile === undefined
      ? { loadSystemFonts: hasSystemFonts }
      : { loadSystemFonts: false, fontFiles: [fontFile], defaultFontFamily: "" };
  /** How wide a word is in that font; undefined where nothing of it would be drawn. */
  const widthIn = (family: string): number | undefined =>
    new Resvg(
      `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40" font-family="${family}"><text y="30">Hyperparameter</text></svg>`,
      { font },
    ).getBBox()?.width;
  const usual = widthIn("no font has this name");
  if (usual === undefined) {
    throw new UsageError(fontFile === undefined ? noFont : `--font=${fontFile}: there is no font in that file`);
  }
  // resvg takes any font it finds where the first of the SVG's families is not there, and looks at no other of them.
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

/** Much alike in look and width, one of them on almost every machine. */
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
