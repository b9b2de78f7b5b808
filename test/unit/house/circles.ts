import { posix } from "node:path";
import type { Import } from "./source-tree.ts";

type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** The groups of nodes that reach one another (Tarjan 1972); a group of one node is no circle. */
function circlesAmong(arrows: Arrows): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): number => {
    const own = order.size;
    order.set(node, own);
    open.push(node);
    let low = own;
    for (const next of arrows.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(node, low);
    if (low === own) {
      const circle = open.splice(open.indexOf(node));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return low;
  };
  for (const node of arrows.keys()) if (!order.has(node)) visit(node);
  return circles;
}

function arrowsOf(pairs: Iterable<readonly [string, string]>): Arrows {
  const arrows = new Map<string, Set<string>>();
  for (const [from, to] of pairs) {
    const known = arrows.get(from);
    if (known) known.add(to);
    else arrows.set(from, new Set([to]));
  }
  return arrows;
}

const withFile = (imports: readonly Import[]): { from: string; file: string }[] =>
  imports.flatMap(({ from, file }) => (file === undefined || file === from ? [] : [{ from, file }]));

/** Circles of files, `import type` and lazy imports included: `a.ts, b.ts`. */
export function fileCircles(imports: readonly Import[]): string[] {
  return circlesAmong(arrowsOf(withFile(imports).map(({ from, file }) => [from, file] as const))).map((circle) =>
    circle.join(", "),
  );
}

/**
 * Circles among what lies side by side in one folder, at every level: files and subfolders, each subfolder taken as one.
 * `shared: broker, wire` says that shared/broker imports shared/wire and the other way round.
 */
export function folderCircles(imports: readonly Import[]): string[] {
  const arrows = withFile(imports);
  const folders = new Set<string>();
  for (const { from, file } of arrows) {
    for (const each of [from, file]) {
      for (let folder = posix.dirname(each); folder !== "."; folder = posix.dirname(folder)) folders.add(folder);
    }
  }
  const childOf = (file: string, folder: string): string | undefined =>
    folder === ""
      ? file.split("/")[0]
      : file.startsWith(`${folder}/`)
        ? file.slice(folder.length + 1).split("/")[0]
        : undefined;
  return ["", ...[...folders].sort()].flatMap((folder) => {
    const pairs = arrows.flatMap(({ from, file }) => {
      const [a, b] = [childOf(from, folder), childOf(file, folder)];
      return a === undefined || b === undefined || a === b ? [] : [[a, b] as const];
    });
    return circlesAmong(arrowsOf(pairs)).map((circle) => `${folder === "" ? "." : folder}: ${circle.join(", ")}`);
  });
}
