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

/** `--color` and FORCE_COLOR win over NO_COLOR. A locale without UTF-8 gets ASCII only. */
export function lookOf(environment: NodeJS.ProcessEnv, wish: ColourWish = "auto"): Look {
  const { NO_COLOR: no, FORCE_COLOR: force, LC_ALL: all, LC_CTYPE: type, LANG: language } = environment;
  const isForced = wish === "always" || (wish === "auto" && force !== undefined && force !== "" && force !== "0");
  const isRefused = wish === "never" || (no !== undefined && no !== "");
  const locale = [all, type, language].find((value) => value !== undefined && value !== "") ?? "";
  return { colour: isForced || !isRefused, unicode: /utf-?8/i.test(locale) };
}
