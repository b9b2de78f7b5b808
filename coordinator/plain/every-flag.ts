/** The option by which a person chooses how often standings are printed. */
export const everyFlag = [
  "--every <time>",
  "interval between standings if the output is not a terminal (60s; 0: never)",
] as const;
