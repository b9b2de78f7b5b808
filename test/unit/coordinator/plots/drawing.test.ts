import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { svgToPng } from "../../../../coordinator/plots/drawing/png.ts";
import { figureSvg } from "../../../../coordinator/plots/drawing/svg-figure.ts";
import { figureText } from "../../../../coordinator/plots/drawing/terminal.ts";
import { textWidth } from "../../../../coordinator/plots/drawing/text-width.ts";
import type { Figure, Look, Mark } from "../../../../coordinator/plots/figure.ts";
import { axisOfNames, axisOver } from "../../../../coordinator/plots/figure.ts";
import { lookOf } from "../../../../coordinator/plots/palette.ts";
import { UsageError } from "../../../../shared/errors.ts";

const look: Look = lookOf(0);
const line = (ys: readonly number[], which = look): Mark => ({
  kind: "line",
  look: which,
  xs: ys.map((_, i) => i),
  ys,
  isStep: false,
});

function figureOf(marks: readonly Mark[], more: Partial<Figure> = {}): Figure {
  const x = axisOver("iterations", [0, 100_000], { isWhole: true });
  const panel = { title: "", x: { ...x, from: 0, to: 9 }, y: axisOver("s1-rew", [0, 10]), marks };
  const rest = { kind: "curves", title: "", columns: 1, legend: [], ramp: null, notes: [], data: () => [] };
  return { ...rest, panels: [panel], ...more };
}

const pathsOf = (svg: string): string[] =>
  [...svg.matchAll(/<g [^>]*aria-label="line"[^>]*>(.*?)<\/g>/gs)].flatMap(([, inner = ""]) =>
    [...inner.matchAll(/ d="([^"]*)"/g)].map(([, d = ""]) => d),
  );

test("a report that measured nothing breaks a plot's line in SVG and text, and is never drawn as 0", () => {
  const ys = [5, 6, Number.NaN, 7, 8, Number.POSITIVE_INFINITY, 9, 9, 9, 9];
  const svg = figureSvg(figureOf([line(ys)]), {});
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  const [path = ""] = pathsOf(svg);
  assert.equal(path.match(/M/g)?.length, 3, path);
  const text = figureText(figureOf([line([Number.NaN, Number.NaN, 9, 9])]), {
    width: 60,
    height: 16,
    form: "ascii",
    isColoured: false,
  });
  const drawn = text.filter((row) => row.includes("*"));
  assert.equal(drawn.length, 1, text.join("\n"));
});

test("an SVG file says how it was made, and escapes text that looks like markup", () => {
  const title = `<script>alert("1")</script> & \u0007bell`;
  const svg = figureSvg(figureOf([line([1, 2])], { title, notes: ["<b>"] }), {
    command: "nexus plot job1 '<x>'",
    runs: "job1",
  });
  assert.ok(!svg.includes("<script>") && !svg.includes("<b>") && !svg.includes("\u0007"));
  const metadata = /<metadata>(.*?)<\/metadata>/s.exec(svg)?.[1] ?? "";
  const plain = metadata.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">");
  assert.deepEqual(JSON.parse(plain), { command: "nexus plot job1 '<x>'", runs: "job1" });
  assert.match(svg, /^<svg [^>]*width="90mm"/);
});

test("no control character gets into an SVG, from wherever in the figure it comes", () => {
  const nasty = "\u001b[31m\u009b2J\u202egpj";
  const x = axisOfNames(nasty, [`a${nasty}`, `b${nasty}`]);
  const panels = [{ title: nasty, x, y: axisOver(nasty, [0, 10]), marks: [line([1, 2])] }];
  const svg = figureSvg(figureOf([], { title: nasty, notes: [nasty], panels }), { command: nasty });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  assert.doesNotMatch(svg, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
});

test("names do not overlap in an SVG with twenty series, many settings and a long title", () => {
  const legend = Array.from({ length: 20 }, (_, i) => ({
    label: `job${i} (mean of 20 runs)`,
    look: lookOf(i),
    swatch: "line" as const,
  }));
  const names = Array.from({ length: 12 }, (_, i) => `setting-${i}`);
  const panel = { title: "", x: axisOfNames("lr", names), y: axisOver("hpmax", [0, 1]), marks: [] };
  const title = "a title of many words that has no room in one line of ninety millimetres at all";
  const svg = figureSvg(figureOf([], { legend, panels: [panel], title }), {});
  const texts = [
    ...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="([\d.]+)" text-anchor="(\w+)"[^>]*>([^<]*)</g),
  ].map(([, x, y, size, anchor, words = ""]) => {
    const width = textWidth(words) * Number(size);
    const left = anchor === "middle" ? Number(x) - width / 2 : Number(x);
    return { left, right: left + width, top: Number(y) - Number(size), foot: Number(y), words };
  });
  assert.ok(texts.length >= 22);
  for (const [i, a] of texts.entries()) {
    assert.ok(a.left >= 0 && a.right <= 341, `${a.words} is within the figure`);
    for (const b of texts.slice(i + 1)) {
      const apart = a.right <= b.left || b.right <= a.left || a.foot <= b.top + 1 || b.foot <= a.top + 1;
      assert.ok(apart, `"${a.words}" and "${b.words}"`);
    }
  }
  assert.match(svg, /rotate\(-40\)/, "settings that have no room beside each other are tilted");
});

test("a PNG has the requested width and its text on every machine, and a font that is none is refused", async () => {
  const legend = [{ label: "a name in the legend", look, swatch: "line" }] as const;
  const svg = figureSvg(figureOf([line([1, 5, 3])], { legend }), {});
  const drawn = (text: string): Promise<Uint8Array> => svgToPng(text, { widthMm: 90, dpi: 96, fontFile: undefined });
  const png = await drawn(svg);
  const view = new DataView(png.buffer, png.byteOffset);
  assert.equal(view.getUint32(0), 0x89504e47);
  assert.equal(view.getUint32(16), 340);
  const withoutText = await drawn(svg.replaceAll(/<text.*?<\/text>/g, ""));
  assert.ok(png.length > 1.5 * withoutText.length, `${png.length} bytes with text, ${withoutText.length} without`);
  const own = fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSerif.ttf"));
  const serif = await svgToPng(svg, { widthMm: 90, dpi: 96, fontFile: own });
  assert.notDeepEqual(serif, png);
  for (const fontFile of ["/nowhere.ttf", fileURLToPath(import.meta.url)]) {
    await assert.rejects(svgToPng(svg, { widthMm: 90, dpi: 96, fontFile }), {
      name: UsageError.name,
      message: new RegExp(`--font=${fontFile}: there is no font`),
    });
  }
});

test("a text plot shows special dots as in its legend, and a heat map's runs in its cells", () => {
  const change = { ...lookOf(1), marker: "diamond" } as const;
  const few: Mark = { kind: "dots", look: change, xs: [2, 4], ys: [3, 6] };
  const many: Mark = { kind: "dots", look: { ...lookOf(2), isFaint: true }, xs: [1, 5, 7], ys: [1, 1, 2] };
  const legend = [
    { label: "change", look: change, swatch: "dot" as const },
    { label: "run", look: many.look, swatch: "dot" as const },
  ];
  const text = figureText(figureOf([many, few], { legend }), {
    width: 60,
    height: 16,
    form: "braille",
    isColoured: false,
  });
  assert.match(text[0] ?? "", /^◆ change {2}· run$/);
  assert.equal(text.slice(1).join("").split("◆").length - 1, 2);
  const box = { x1: 2, x2: 7, y1: 2, y2: 8, colour: "#440154", text: "0.031\n12", share: 0.5, letter: "#" };
  const heat = figureText(figureOf([{ kind: "boxes", boxes: [box] }]), {
    width: 60,
    height: 16,
    form: "ascii",
    isColoured: false,
  });
  const at = heat.findIndex((row) => row.includes("0.031"));
  assert.match(heat[at + 1] ?? "", /12/);
});

test("without colours, a text plot's legend shows the letters that fill its boxes", () => {
  const box = { x1: 0, x2: 5, y1: 4, y2: 6, colour: "#d55e00", text: "run1.1", share: null, letter: "x" };
  const legend = [{ label: "failed", look: { ...look, colour: box.colour }, swatch: "box" as const, letter: "x" }];
  const figure = figureOf([{ kind: "boxes", boxes: [box] }], { legend });
  const rows = figureText(figure, { width: 60, height: 16, form: "braille", isColoured: false });
  assert.equal(rows[0], "x failed");
  assert.ok(
    rows.slice(1).some((row) => /x{10}/.test(row)),
    rows.join("\n"),
  );
});

test("in a text plot, the end of a bar stays visible beneath its interval", () => {
  const box = { x1: 0, x2: 5, y1: 4.6, y2: 5.4, colour: "#0072b2", text: "", share: null, letter: "#" };
  const bar: Mark = { kind: "intervals", look, isUpright: false, at: [5], low: [2], high: [8] };
  const rows = figureText(figureOf([{ kind: "boxes", boxes: [box] }, bar]), {
    ...{ width: 60, height: 16, form: "braille", isColoured: false },
  });
  assert.ok(
    rows.some((row) => /[^#=]#{5,}={10,}[\u2801-\u28ff]{10,}$/.test(row)),
    rows.join("\n"),
  );
});

test("text plots fit their width in braille, blocks and ASCII, with and without colours", () => {
  const two = [line([0, 2, 4, 6, 8, 9]), line([9, 7, 5, 3, 1, 0], lookOf(1))];
  const legend = two.map((mark, i) => ({
    label: `run1.${i + 1}`,
    look: "look" in mark ? mark.look : look,
    swatch: "line" as const,
  }));
  const figure = figureOf(two, { legend, title: "both" });
  for (const [form, mark] of [
    ["braille", /[\u2801-\u28ff]/],
    ["block", /[▀▄█]/],
    ["ascii", /[*o]/],
  ] as const) {
    for (const width of [40, 80, 200]) {
      const lines = figureText(figure, { width, height: 20, form, isColoured: false });
      assert.ok(lines.every((each) => [...each].length <= width));
      assert.ok(lines.some((each) => mark.test(each)));
      assert.ok(lines.length <= 20, `${lines.length} rows`);
      if (form === "ascii")
        assert.ok(
          lines.every((each) => /^[ -~]*$/.test(each)),
          "nothing but ASCII",
        );
    }
  }
  const coloured = figureText(figure, { width: 80, height: 20, form: "braille", isColoured: true }).join("\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const bare = coloured.replace(/\u001b\[\d+m/g, "");
  assert.equal(bare, figureText(figure, { width: 80, height: 20, form: "braille", isColoured: false }).join("\n"));
  assert.ok(coloured.includes("\u001b[94m") && coloured.includes("\u001b[91m"));
  const usual = figureText(figure, { width: 80, height: 20, form: undefined, isColoured: false }).join("\n");
  assert.match(usual, /\*\* run1\.1 {2}oo run1\.2/, "told apart without colours");
});

test("a text plot has boxes, intervals, labels and every name of its axis", () => {
  const y = axisOfNames("", ["seqlen", "lr"]);
  const box = { x1: 0, x2: 5, y1: 0.7, y2: 1.3, colour: "#0072b2", text: "", share: null, letter: "#" };
  const marks: Mark[] = [
    { kind: "boxes", boxes: [box, { ...box, y1: -0.3, y2: 0.3, x2: 2 }] },
    { kind: "intervals", look, isUpright: false, at: [1, 0], low: [4, 1], high: [6, 3] },
    { kind: "rules", look, xs: [3] },
    { kind: "labels", labels: [{ x: 8, y: 1, text: "here" }] },
  ];
  const figure = figureOf([], { panels: [{ title: "", x: axisOver("share", [0, 9]), y, marks }] });
  const text = figureText(figure, { width: 60, height: 20, form: "ascii", isColoured: false }).join("\n");
  for (const word of ["seqlen +", "lr +", "####", "here", "share"])
    assert.ok(text.includes(word), `${word} in\n${text}`);
});
