/**
 * What is missing in a run's curve; "" when nothing is. A stage that reports evenly has its commonest step as its rhythm, and
 * only its last report may come sooner. One without a rhythm (a program that reports when it likes) may have any iterations.
 *
 * @param rows   stage and iterations of each report in turn, in any order, repeated ones included
 * @param iters  iterations of the run's last stage by its result
 */
export function curveGap(rows: readonly number[], iters: number): string {
  const stages = new Map<number, Set<number>>();
  for (let i = 0; i + 1 < rows.length; i += 2) {
    const stage = rows[i] ?? 0;
    let known = stages.get(stage);
    if (!known) {
      known = new Set();
      stages.set(stage, known);
    }
    known.add(rows[i + 1] ?? 0);
  }
  const numbers = [...stages.keys()].sort((a, b) => a - b);
  const last = numbers.at(-1);
  if (last === undefined) return iters === 0 ? "" : `no report is there, and the result says ${iters} iterations`;
  for (const stage of numbers) {
    const gap = gapIn([...(stages.get(stage) ?? [])].sort((a, b) => a - b));
    if (gap !== "") return `stage ${stage}: ${gap}`;
  }
  const end = Math.max(...(stages.get(last) ?? []));
  return end === iters ? "" : `stage ${last} ends at ${end} iterations, and the result says ${iters}`;
}

function gapIn(iters: readonly number[]): string {
  const steps = iters.map((at, i) => at - (iters[i - 1] ?? 0));
  const counts = new Map<number, number>();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  const [rhythm, count] = [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [0, 0]);
  if (2 * count <= steps.length) return "";
  const at = steps.findIndex((step, i) => step > rhythm || (step < rhythm && i < steps.length - 1));
  return at < 0 ? "" : `nothing between ${iters[at - 1] ?? 0} and ${iters[at]}, where others are ${rhythm} apart`;
}
