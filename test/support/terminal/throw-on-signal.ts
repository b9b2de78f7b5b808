/** Loaded into a program under test: SIGUSR2 throws an uncaught error, SIGPWR leaves a rejection unhandled. */
process.on("SIGUSR2", () => {
  throw new Error("a bug that nobody foresaw");
});
process.on("SIGPWR", () => {
  void Promise.reject(new Error("a promise that nobody awaited"));
});
