/** Loaded into a program under test: signals are bugs in it, which nobody catches. */
process.on("SIGUSR2", () => {
  throw new Error("a bug that nobody foresaw");
});
process.on("SIGPWR", () => {
  void Promise.reject(new Error("a promise that nobody awaited"));
});
