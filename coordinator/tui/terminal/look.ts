import type { Look } from "./styled.ts";

export type ColourWish = "auto" | "always" | "never";

/** Whether a screen can be shown here instead of lines: input and output are terminals that understand escapes. */
export function canShowScreen(
  streams: { readonly input: { readonly isTTY?: boolean }; readonly output: { readonly isTTY?: boolean } },
  environment: NodeJS.ProcessEnv,
): boolean {
  const { TERM: term, CI: ci } = environment;
  const isWatched = streams.input.isTTY === true && streams.output.isTTY === true;
  return (
    isWatched &&
    term !== undefined &&
    term !== "" &&
    term !== "dumb" &&
    (ci === undefined || ci === "" || ci === "false")
  );
}

/** Terminals of 256 colours, also those whose names do not say so. */
const manyColours = /256colou?r|direct|kitty|alacritty|foot|ghostty|wezterm|contour|konsole|iterm|rio/i;
/** Terminals without colours: DEC's, and those that say so. */
const noColours = /^(vt\d+|ansi-m|sun)$|-(m|mono)$/i;

/** `--color` and FORCE_COLOR win over NO_COLOR. A locale without UTF-8 gets ASCII only. */
export function lookOf(environment: NodeJS.ProcessEnv, wish: ColourWish = "auto"): Look {
  const {
    TERM: term = "",
    COLORTERM: colours,
    NO_COLOR: no,
    FORCE_COLOR: force,
    LC_ALL: all,
    LC_CTYPE: type,
    LANG: language,
  } = environment;
  const isForced = wish === "always" || (wish === "auto" && force !== undefined && force !== "" && force !== "0");
  const isRefused = wish === "never" || (no !== undefined && no !== "");
  const locale = [all, type, language].find((value) => value !== undefined && value !== "") ?? "";
  const colour = isForced || !(isRefused || noColours.test(term));
  const greys = colour && (manyColours.test(term) || /^(truecolor|24bit)$/i.test(colours ?? ""));
  return { colour, greys, unicode: /utf-?8/i.test(locale) };
}
