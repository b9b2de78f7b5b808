import { shown } from "../../../../shared/domain/runspec/problems.ts";
import { PropertyError } from "../../property-error.ts";

/** Shipped mazes: wall #, floor ., goal G. */
export const namedLayouts: Readonly<Record<string, string>> = {
  standard: `
###########
#.....#..G#
#####.###.#
#...#.#...#
#.#.#.#.###
#.....#...#
#.#.#.#.#.#
#...#...#.#
#.###.###.#
#.........#
###########`.trimStart(),
  easy: `
###########
#.....#...#
###.#.#.#.#
#.....#.#.#
#.###.###.#
#...#.....#
#.#.#####.#
#.#.#...#.#
#.#.#.#.#.#
#G#...#...#
###########`.trimStart(),
};

/** A maze by cell. Cells are numbered row by row, with a border of wall around the layout. */
export interface Maze {
  /** 1 for wall. */
  readonly walls: Uint8Array;
  readonly goal: number;
  /** Starting cells: all floor cells except the goal, in reading order. */
  readonly floor: readonly number[];
  /** Added to a cell's number to go north, east, south or west. */
  readonly moves: readonly [number, number, number, number];
}

/** Reads a layout, a name or text. @throws SpecError with line and column, counted from 1 within the text */
export function readLayout(layout: string, component = "environments/Maze_Env"): Maze {
  const named = Object.hasOwn(namedLayouts, layout) ? namedLayouts[layout] : undefined;
  if (named === undefined && !/[#.G\n]/.test(layout)) {
    const names = Object.keys(namedLayouts).join(", ");
    const found = shown(layout);
    const text = `property "layout" is ${found}; expected ${names}, or a text block of # (wall), . (floor) and G (goal)`;
    throw new PropertyError([{ component, property: "layout", text, found }]);
  }
  const lines = (named ?? layout).replace(/\s+$/, "").split(/\r?\n/);
  const problem = (line: number, column: number, message: string) =>
    new PropertyError([
      {
        component,
        property: "layout",
        text: `layout, line ${line + 1}, column ${column + 1}: ${message}`,
        found: shown(layout),
      },
    ]);

  const width = lines[0]!.length;
  const stride = width + 2;
  const walls = new Uint8Array(stride * (lines.length + 2)).fill(1);
  const floor: number[] = [];
  let goal = -1;
  for (const [row, line] of lines.entries()) {
    for (const [column, character] of [...line].entries()) {
      const cell = (row + 1) * stride + column + 1;
      if (column >= width) throw problem(row, column, `this line is longer than the first one (${width} columns)`);
      if (character === "#") continue;
      walls[cell] = 0;
      if (character === ".") floor.push(cell);
      else if (character !== "G") throw problem(row, column, `found ${JSON.stringify(character)}; expected #, . or G`);
      else if (goal === -1) goal = cell;
      else throw problem(row, column, "a second goal; expected one G");
    }
    if (line.length < width)
      throw problem(row, line.length, `the line ends here; expected ${width} columns, as in the first one`);
  }
  if (goal === -1) throw problem(0, 0, "no goal in the maze; expected one G");
  if (floor.length === 0) throw problem(0, 0, "no floor to start from; expected at least one .");
  const maze: Maze = { walls, goal, floor, moves: [-stride, 1, stride, -1] };
  const away = distances(maze);
  for (const cell of floor) {
    if (away[cell] !== -1) continue;
    throw problem(Math.floor(cell / stride) - 1, (cell % stride) - 1, "there is no way from here to the goal");
  }
  return maze;
}

/** Number of steps from each cell to the goal; -1 if there is no path. */
export function distances(maze: Maze): Int32Array {
  const steps = new Int32Array(maze.walls.length).fill(-1);
  steps[maze.goal] = 0;
  const queue = [maze.goal];
  for (const cell of queue) {
    for (const move of maze.moves) {
      const next = cell + move;
      if (maze.walls[next] === 1 || steps[next] !== -1) continue;
      steps[next] = steps[cell]! + 1;
      queue.push(next);
    }
  }
  return steps;
}
