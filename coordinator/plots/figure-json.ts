import type { Figure } from "./figure.ts";

/**
 * A plot's data: `{"type":"plot","v":1,"kind":"curves",...}` and then an object for each thing that it shows. Numbers are
 * unrounded; what was not measured is null, and what JSON has no number for is "Infinity" or "-Infinity".
 */
export function figureJson({ kind, title, panels, notes, data }: Figure): string {
  const axes = panels.map((panel) => ({ title: panel.title, x: panel.x.label, y: panel.y.label }));
  const rows = [{ type: "plot", kind, title, panels: axes, notes }, ...data()];
  return rows.map(({ type, ...fields }) => `${JSON.stringify({ type, v: 1, ...fields }, asJson)}\n`).join("");
}

const asJson = (_key: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? String(value) : value;
