/** How a terminal shows a look: as one of sixteen colours, a letter or a sign. */

import type { LegendEntry, Look, Marker } from "../figure.ts";
import { grey, okabeIto, paleGrey } from "../palette.ts";
import type { AnsiColour } from "./cells.ts";

/** The nearest of the sixteen colours; black and unknown colours become the default colour. */
const ansi: Readonly<Record<string, AnsiColour>> = {
  [okabeIto.blue]: 94,
  [okabeIto.vermillion]: 91,
  [okabeIto.green]: 32,
  [okabeIto.purple]: 95,
  [okabeIto.orange]: 33,
  [okabeIto.sky]: 96,
  [grey]: 90,
  [paleGrey]: 90,
};

export const ansiOf = (colour: string): AnsiColour => ansi[colour];

/** The ramp from pale to dark, in few enough colours to tell them apart. */
const rampColours: readonly AnsiColour[] = [90, 36, 32, 93];
export const ansiOfShare = (share: number): AnsiColour =>
  rampColours[Math.min(rampColours.length - 1, Math.max(0, Math.floor(share * rampColours.length)))];

/** One for each named series. */
const letters = "*o+x#@%&=$";

/** A series' character in ASCII. */
export const letterOf = (look: Look, legend: readonly LegendEntry[]): string =>
  look.isFaint ? "." : (letters[ownerOf(look, legend) % letters.length] ?? "*");

/** Place in the legend: gives a series the same character in every panel, and puts the first in front. */
export function ownerOf({ colour, dash, marker, isFaint }: Look, legend: readonly LegendEntry[]): number {
  const found = legend.findIndex(
    ({ look }) => look.colour === colour && look.dash === dash && look.marker === marker && look.isFaint === isFaint,
  );
  return found < 0 ? legend.length : found;
}

export const markerSigns: Readonly<Record<Marker, string>> = {
  circle: "•",
  square: "■",
  triangle: "▲",
  diamond: "◆",
  cross: "×",
  plus: "+",
};

/** The legend's sign for dots of this look. */
export const dotSign = ({ marker, isFaint }: Look): string => (isFaint ? "·" : markerSigns[marker]);
