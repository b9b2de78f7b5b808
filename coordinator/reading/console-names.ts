/**
 * The names of metrics by what a console says: the first line of reports in each stage. Reports travel without names, and
 * results with them; this tells them before there is a result.
 *
 * @returns as a result's columns: s1-hrs, s1-rew, s1-win, ...
 */
export function namesInConsole(lines: string): string[] {
  const names: string[] = [];
  const told = new Set<string>();
  let stage = "";
  for (const line of lines.split("\n")) {
    const title = /^Processing stage (\d+) of \d+$/.exec(line)?.[1];
    if (title !== undefined) stage = title;
    const values = /^ *\d+\.\d{3} hrs +[\d,]+ iters((?: {6}\S+ \S+)+)/.exec(line)?.[1];
    if (values === undefined || stage === "" || told.has(stage)) continue;
    told.add(stage);
    names.push(`s${stage}-hrs`);
    for (const [, name] of values.matchAll(/ {6}\S+ (\S+)/g)) names.push(`s${stage}-${name}`);
  }
  return names;
}
