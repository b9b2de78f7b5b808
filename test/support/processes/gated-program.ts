/** A program that reports once, at its end, and ends when a file is there. */
export const untilOpen = (gate: string, iters = 1): string => `
import { existsSync } from "node:fs";
const look = setInterval(() => {
  if (!existsSync(${JSON.stringify(gate)})) return;
  clearInterval(look);
  console.log(JSON.stringify({ iters: ${iters}, value: 1 }));
}, 20);
`;

/** The same program, which also reports at its start. */
export const reportingUntilOpen = (gate: string): string =>
  `${untilOpen(gate, 2)}console.log(JSON.stringify({ iters: 1, value: 1 }));
`;

/** The same program, whose first run of all does not wait for the file. */
export const allButFirstUntilOpen = (gate: string): string => `
import { mkdirSync } from "node:fs";
try {
  mkdirSync(${JSON.stringify(`${gate}.first`)});
  console.log(JSON.stringify({ iters: 1, value: 1 }));
  process.exit(0);
} catch (error) {
  if (error.code !== "EEXIST") throw error;
}
${untilOpen(gate)}`;
