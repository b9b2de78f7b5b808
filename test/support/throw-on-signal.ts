/** Loaded into a program under test: SIGUSR2 is a bug in it, which nobody catches. */
process.on("SIGUSR2", () => {
  throw new Error("a bug that nobody foresaw");
});
