import type { Dash, Look, Marker } from "./figure.ts";

/**
 * Okabe and Ito's colours (Color Universal Design, 2008), which people with the common kinds of colour blindness can tell apart.
 * Yellow is left out: thin yellow lines vanish on paper. Neighbours in the list also differ in lightness.
 */
export const okabeIto = {
  blue: "#0072b2",
  vermillion: "#d55e00",
  green: "#009e73",
  purple: "#cc79a7",
  orange: "#e69f00",
  black: "#000000",
  sky: "#56b4e9",
} as const;

export const grey = "#8c8c8c";
export const paleGrey = "#c8c8c8";

const colours: readonly string[] = Object.values(okabeIto);
const dashes: readonly Dash[] = ["solid", "dashed", "dotted", "dash-dotted"];
const markers: readonly Marker[] = ["circle", "square", "triangle", "diamond", "cross", "plus"];

/** At most this many series in a panel get a look of their own; the others are pale, and the legend counts them. */
export const mostNamed = 10;

/** The look of series i: neighbours differ in colour, dash and marker. */
export function lookOf(i: number, chosen: readonly string[] = colours): Look {
  const among = chosen.length > 0 ? chosen : colours;
  return {
    colour: among[i % among.length] ?? okabeIto.black,
    dash: dashes[(i + Math.floor(i / 4)) % dashes.length] ?? "solid",
    marker: markers[i % markers.length] ?? "circle",
    isFaint: false,
  };
}

export const plainLook = (colour: string): Look => ({ colour, dash: "solid", marker: "circle", isFaint: false });
export const faintLook = (colour: string): Look => ({ colour, dash: "solid", marker: "circle", isFaint: true });

/** Viridis (van der Walt and Smith, 2015) in nine steps of even lightness, reversed: more is darker, even in grey. */
const viridis = ["#fde725", "#addc30", "#5ec962", "#28ae80", "#21918c", "#2c728e", "#3b528b", "#472d7b", "#440154"];

/** Red, green and blue of #rrggbb, 0 to 255. */
const partsOf = (colour = "#000000"): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** The colour of a share from 0 (pale) to 1 (dark). */
export function rampColour(share: number): string {
  const place = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (viridis.length - 1);
  const i = Math.min(viridis.length - 2, Math.floor(place));
  const high = partsOf(viridis[i + 1]);
  const mixed = partsOf(viridis[i]).map((low, c) => Math.round(low + ((high[c] ?? low) - low) * (place - i)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Black or white, whichever is more legible on the colour (relative luminance of WCAG 2). */
export function inkOn(colour: string): string {
  const [r = 0, g = 0, b = 0] = partsOf(colour).map((part) => {
    const c = part / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000000" : "#ffffff";
}
