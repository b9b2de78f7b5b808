import { existsSync } from "node:fs";
import { UsageError } from "../../../shared/errors.ts";
import { fixture, golden } from "../../support/golden.ts";
import { lateCurves, supervisedCurves } from "./curves.ts";
import { families } from "./families.ts";
import type { Surface } from "./surface.ts";
import { lucklessVariant, synthetic, variant } from "./synthetic.ts";
import { readTable, type Table, tableSurface } from "./tables.ts";

interface Entry {
  /** One line for the help text. */
  readonly about: string;
  /** Whether each seed gives another surface of the family. */
  readonly varies: boolean;
  make(seed: number): Surface;
}

const entries: Readonly<Record<string, Entry>> = {
  gbm: {
    about: "real: gradient boosting on breast cancer, 1,350 configurations of 8 runs",
    varies: false,
    make: () => tableSurface("gbm", golden<Table>("surface-gbm-breast-cancer.json")),
  },
  synthetic: { about: "the tutorial's space by formula, 1,512,000 configurations", varies: false, make: synthetic },
  variants: { about: "another such surface for each seed", varies: true, make: variant },
  luckless: { about: "those without luck: the same settings give the same value", varies: true, make: lucklessVariant },
  interactions: family("interactions", "nothing is best by itself"),
  plateaus: family("plateaus", "terraces: most steps change nothing"),
  cliffs: family("cliffs", "the best lies near an edge with terrible values behind it"),
  "uneven-noise": family("uneven-noise", "noise that differs tenfold from place to place"),
  "bad-runs": family("bad-runs", "15% bad runs, 1% diverge to -1e24"),
  "second-peak": family("second-peak", "a wide misleading hill and a narrow best"),
  "dead-dials": family("dead-dials", "twelve hyperparameters, eight of which change nothing"),
  "log-ranges": family("log-ranges", "four ranges, three over decades"),
  "maze-curves": {
    about: "real: learning curves in a maze, 2,880 configurations of 3 runs; the mean counts",
    varies: false,
    make: () => tableSurface("maze-curves", { ...fixture<Table>("curves/maze.json"), per: 10_000 }),
  },
  "late-curves": { about: "curves by formula that take off late; the mean counts", varies: true, make: lateCurves },
  "supervised-curves": {
    about: "curves by formula that cross; the last value counts",
    varies: true,
    make: supervisedCurves,
  },
};

function family(name: string, about: string): Entry {
  const make = families[name];
  if (!make) throw new RangeError(`no family ${name}`);
  return { about, varies: true, make };
}

/** Names and descriptions, for the help text. */
export const surfaceNames: readonly (readonly [name: string, about: string])[] = Object.entries(entries).map(
  ([name, { about }]) => [name, about] as const,
);

const made = new Map<string, Surface>();

/**
 * The surface that a search with this seed explores.
 *
 * @param name  a name in the catalogue, or the path of a table (`readTable`)
 * @throws UsageError if there is no such surface, or the file is not a table
 */
export function surfaceFor(name: string, seed: number): Surface {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry?.varies) return entry.make(seed);
  let surface = made.get(name);
  if (!surface) {
    if (!entry && !existsSync(name)) {
      const known = surfaceNames.map(([each]) => each).join(", ");
      throw new UsageError(`no surface "${name}"; expected ${known}, or the path of a table in JSON`);
    }
    surface = entry ? entry.make(seed) : readTable(name);
    made.set(name, surface);
  }
  return surface;
}
