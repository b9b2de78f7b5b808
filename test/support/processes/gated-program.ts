/** A program that reports once and ends when a file is there. */
export const untilOpen = (gate: string): string => `
import { existsSync } from "node:fs";
const look = setInterval(() => {
  if (!existsSync(${JSON.stringify(gate)})) return;
  clearInterval(look);
  console.log(JSON.stringify({ iters: 1, value: 1 }));
}, 20);
`;
