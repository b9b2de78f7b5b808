import { counted } from "../../shared/domain/counted.ts";
import type { Importance } from "../../shared/domain/importance/importance.ts";
import { axisOver, type Box, type Figure } from "./figure.ts";
import { grey, okabeIto, plainLook } from "./palette.ts";
import { writeNumber } from "./ticks.ts";

/** A lying bar for each hyperparameter, the most important on top, with its interval; what they do together at the foot. */
export function importanceBars(importance: Importance, measureName: string, title: string): Figure {
  const sorted = [...importance.shares].sort((a, b) => b.share - a.share);
  const rows = [
    ...sorted.map(({ name, share, low, high }) => ({ name, share, low, high, colour: okabeIto.blue, letter: "#" })),
    ...(sorted.length > 1 ? [{ ...importance.together, name: "together", colour: grey, letter: ":" }] : []),
  ];
  const place = (i: number): number => rows.length - 1 - i;
  const boxes = rows.map(
    ({ share, colour, letter }, i): Box => ({
      x1: 0,
      x2: share,
      y1: place(i) - 0.32,
      y2: place(i) + 0.32,
      colour,
      text: "",
      share: null,
      letter,
    }),
  );
  const x = axisOver(`share of the variance of ${measureName}`, [0, ...rows.map(({ high }) => high)], { room: 0.02 });
  return {
    kind: "importance",
    data: () => [
      ...rows.map(({ name, share, low, high }) => ({ type: "share", name, share, low, high, level: importance.level })),
      { type: "basis", runs: importance.runs, configurations: importance.runSets, noise: importance.noise },
    ],
    title,
    panels: [
      {
        title: "",
        x: { ...x, from: 0 },
        y: {
          label: "",
          scale: "linear",
          from: -0.6,
          to: rows.length - 0.4,
          ticks: rows.map(({ name }, i) => ({ at: place(i), text: name })),
          isWhole: true,
        },
        marks: [
          { kind: "boxes", boxes },
          {
            kind: "intervals",
            look: plainLook(okabeIto.black),
            isUpright: false,
            at: rows.map((_, i) => place(i)),
            low: rows.map(({ low }) => low),
            high: rows.map(({ high }) => high),
          },
        ],
      },
    ],
    columns: 1,
    legend: [],
    ramp: null,
    notes: [
      ...(sorted.length > 1 ? ["together: what no hyperparameter does alone"] : []),
      `lines over the bars: ${Math.round(importance.level * 100)} % interval; ${counted(importance.runs, "run")}, ${counted(importance.runSets, "configuration")}`,
      ...(importance.noise === null
        ? []
        : [`luck alone moves a run by ± ${writeNumber(importance.noise)} (same settings, other seed)`]),
    ],
  };
}
