import type { Figure } from "./figure.ts";

/** Sizes of figures for paper; a pixel is 1/96 inch. At 80 mm the smallest text is 6 points high. */
export const fontFamily = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
export const fontSize = 10;
export const pixelsPerMm = 96 / 25.4;

export interface FigureSize {
  readonly widthMm: number;
  /** Of one row of panels; what stands above and below comes to it. */
  readonly panelHeightMm: number;
}

/** What suits a kind: one column of a paper for most, two where there is much beside each other. */
export function usualSize({ kind, panels, columns }: Figure): FigureSize {
  const [panel] = panels;
  const places = panel?.y.ticks?.length ?? 0;
  switch (kind) {
    case "parallel":
      return { widthMm: (panel?.x.ticks?.length ?? 0) > 5 ? 180 : 120, panelHeightMm: 62 };
    case "importance":
      return { widthMm: 90, panelHeightMm: Math.max(28, 14 + 5.5 * places) };
    case "timeline": {
      const lanes = panel ? panel.y.to - panel.y.from : 0;
      return { widthMm: 120, panelHeightMm: Math.max(26, 14 + 4.2 * lanes) };
    }
    case "heatmap": {
      const across = panel?.x.ticks?.length ?? 0;
      return { widthMm: Math.min(180, Math.max(90, 22 + 11 * across)), panelHeightMm: Math.max(45, 14 + 8 * places) };
    }
    default:
      return columns === 1
        ? { widthMm: 90, panelHeightMm: 56 }
        : { widthMm: 180, panelHeightMm: columns === 2 ? 52 : 42 };
  }
}
