import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";

/** One import, `export ... from` or `import()` of a module. */
interface Import {
  /** Relative to the package's root, with slashes. */
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  /** The file it means, relative to the root; undefined for a package or a module of node's. */
  readonly file: string | undefined;
  /** `import type`: nothing of it is left in the compiled code. `import { type A }` leaves an empty import there. */
  readonly isType: boolean;
  /** `import()`: carried out when the code comes to it. */
  readonly isDynamic: boolean;
}

const productFolders = ["coordinator", "shared", "worker"];
const folders = [...productFolders, "test"];
/** Another language in files of the same name. */
const assembly = "worker/components/kernels/assembly/";

const statement = /^(?:import|export)(?<type>\s+type\b)?[^;"']*?\bfrom\s+"(?<specifier>[^"]+)"/gm;
const bare = /^import\s+"(?<specifier>[^"]+)"/gm;
const dynamic = /(?<!["'`.\w])import\(\s*"(?<specifier>[^"]+)"/g;

function importsOf(file: string, text: string): Import[] {
  return [statement, bare, dynamic].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ index, groups }) => {
      const specifier = groups?.["specifier"] ?? "";
      return {
        from: file,
        line: text.slice(0, index).split("\n").length,
        specifier,
        file: specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined,
        isType: groups?.["type"] !== undefined,
        isDynamic: pattern === dynamic,
      };
    }),
  );
}

const isIn = (file: string | undefined, ...among: readonly string[]): boolean =>
  file !== undefined && among.some((folder) => file.startsWith(`${folder}/`));

interface Rule {
  readonly rule: string;
  readonly isBroken: (each: Import) => boolean;
}

/** `library` may be imported in these files alone. Tests may speak to a library without its wrapper. */
function wrapped(library: string, where: string, ...places: readonly RegExp[]): Rule {
  return {
    rule: `only ${where} imports ${library}`,
    isBroken: ({ from, specifier }) =>
      isIn(from, ...productFolders) &&
      (specifier === library || specifier.startsWith(`${library}/`)) &&
      !places.some((place) => place.test(from)),
  };
}

const rules: readonly Rule[] = [
  {
    rule: "shared/domain imports only itself, js-yaml and seedrandom",
    isBroken: ({ from, file, specifier }) =>
      isIn(from, "shared/domain") && !isIn(file, "shared/domain") && !["js-yaml", "seedrandom"].includes(specifier),
  },
  {
    rule: "shared never imports the coordinator or the worker",
    isBroken: ({ from, file }) => isIn(from, "shared") && isIn(file, "coordinator", "worker"),
  },
  {
    rule: "the coordinator never imports the worker",
    isBroken: ({ from, file }) => isIn(from, "coordinator") && isIn(file, "worker"),
  },
  {
    rule: "the worker never imports the coordinator",
    isBroken: ({ from, file }) => isIn(from, "worker") && isIn(file, "coordinator"),
  },
  {
    rule: "nothing imports tests but tests",
    isBroken: ({ from, file }) => !isIn(from, "test") && isIn(file, "test"),
  },
  {
    rule: "imports name our own files with their .ts, and node's modules with node:",
    isBroken: ({ file, specifier }) =>
      file === undefined ? builtinModules.includes(specifier) : !file.endsWith(".ts"),
  },
  wrapped("nats", "shared/broker/client", /^shared\/broker\/client\//),
  wrapped("msgpackr", "shared/wire/codec.ts", /^shared\/wire\/codec\.ts$/),
  wrapped("pino", "shared/log.ts", /^shared\/log\.ts$/),
  wrapped("js-yaml", "shared/domain/spec", /^shared\/domain\/runspec\//),
  wrapped("seedrandom", "shared/domain/rng.ts", /^shared\/domain\/rng\.ts$/),
  wrapped(
    "commander",
    "the one file of each program that reads its arguments",
    /^(coordinator|worker)\/main\.ts$/,
    /^coordinator\/cli\/command-line\.ts$/,
    /^coordinator\/cli\/verbs\//,
  ),
  wrapped("blessed", "coordinator/tui/terminal/terminal.ts", /^coordinator\/tui\/terminal\/terminal\.ts$/),
  wrapped("@observablehq/plot", "coordinator/plots/drawing/svg.ts", /^coordinator\/plots\/drawing\/svg\.ts$/),
  wrapped("linkedom", "coordinator/plots/drawing/svg.ts", /^coordinator\/plots\/drawing\/svg\.ts$/),
  wrapped("@resvg/resvg-js", "coordinator/plots/drawing/png.ts", /^coordinator\/plots\/drawing\/png\.ts$/),
  wrapped("hyparquet-writer", "coordinator/cli/transfer/parquet.ts", /^coordinator\/cli\/transfer\/parquet\.ts$/),
  {
    rule: "the product imports node's modules, its own files and the libraries of package.json",
    isBroken: ({ from, file, specifier }) =>
      isIn(from, ...productFolders) &&
      file === undefined &&
      !specifier.startsWith("node:") &&
      !libraries.has(specifier),
  },
];

const { dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(packageRoot(), "package.json"), "utf8"),
) as { dependencies: Record<string, string>; optionalDependencies: Record<string, string> };
const libraries = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);

/** What breaks the rules, as `file:line imports "x": rule`. */
const broken = (imports: readonly Import[], among = rules): string[] =>
  imports.flatMap((each) =>
    among
      .filter(({ isBroken }) => isBroken(each))
      .map(({ rule }) => `${each.from}:${each.line} imports "${each.specifier}": ${rule}`),
  );

/**
 * Rings of modules each of which needs the next one loaded first, as `a.ts -> b.ts -> a.ts`. What is loaded later, by `import()`,
 * is not part of one: worker/components/registry.ts loads components so, and these ask it for others.
 */
function cycles(imports: readonly Import[]): string[] {
  const needs = new Map<string, string[]>();
  for (const { from, file, isType, isDynamic } of imports) {
    if (file !== undefined && !isType && !isDynamic) needs.set(from, [...(needs.get(from) ?? []), file]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const next of needs.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of needs.keys()) visit(file, []);
  return found;
}

const tree: { readonly file: string; readonly text: string }[] = folders
  .flatMap((folder) =>
    readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" }).map((name) =>
      posix.join(folder, name.replaceAll("\\", "/")),
    ),
  )
  .filter((file) => file.endsWith(".ts") && !file.startsWith(assembly))
  .map((file) => ({ file, text: readFileSync(join(packageRoot(), file), "utf8") }));
const imports = tree.flatMap(({ file, text }) => importsOf(file, text));

describe("imports", () => {
  for (const { rule, isBroken } of rules) {
    test(rule, () => assert.deepEqual(broken(imports, [{ rule, isBroken }]), []));
  }

  test("go round in no circle, but for types", () => assert.deepEqual(cycles(imports), []));

  test("mean files that are there", () => {
    const files = new Set(tree.map(({ file }) => file));
    const missing = imports.filter(({ file }) => file !== undefined && !files.has(file));
    assert.deepEqual(
      missing.map(({ from, line, specifier }) => `${from}:${line} ${specifier}`),
      [],
    );
  });
});

describe("the check of imports", () => {
  test("reads every line that brings in a module", () => {
    for (const { file, text } of tree) {
      const lines = text.match(/\bfrom "[^"]+";$|^import "[^"]+";$/gm) ?? [];
      const read = importsOf(file, text).filter(({ isDynamic }) => !isDynamic);
      assert.equal(read.length, lines.length, file);
    }
    assert.ok(imports.length > 500, `${imports.length} imports in ${tree.length} files`);
  });

  test("tells types, bare imports and import() apart", () => {
    const text = [
      'import type { A } from "./a.ts";',
      "import {",
      "  type B,",
      "  c,",
      '} from "../b.ts";',
      'import "./side-effect.ts";',
      'export { d } from "nats";',
      `const e = await ${"import"}("./e.ts");`,
      'const text = "import(\\"./f.ts\\")";',
    ].join("\n");
    assert.deepEqual(
      importsOf("worker/stages/x.ts", text).map(({ line, file, specifier, isType, isDynamic }) => [
        line,
        file ?? specifier,
        isType,
        isDynamic,
      ]),
      [
        [1, "worker/stages/a.ts", true, false],
        [2, "worker/b.ts", false, false],
        [7, "nats", false, false],
        [6, "worker/stages/side-effect.ts", false, false],
        [8, "worker/stages/e.ts", false, true],
      ],
    );
  });

  test("names the rule that is broken", () => {
    const wrong: readonly [string, string, string][] = [
      ["shared/domain/names.ts", "node:fs", "shared/domain imports only itself, js-yaml and seedrandom"],
      ["shared/domain/names.ts", "../ports.ts", "shared/domain imports only itself, js-yaml and seedrandom"],
      [
        "shared/broker/client/bus.ts",
        "../../../worker/node/node.ts",
        "shared never imports the coordinator or the worker",
      ],
      ["coordinator/plain/plain-view.ts", "../../worker/node/node.ts", "the coordinator never imports the worker"],
      ["worker/node/node.ts", "../../coordinator/plain/plain-view.ts", "the worker never imports the coordinator"],
      ["worker/node/node.ts", "../../test/support/cleanup.ts", "nothing imports tests but tests"],
      ["worker/node/node.ts", "nats", "only shared/broker/client imports nats"],
      ["worker/node/node.ts", "fs", "imports name our own files with their .ts, and node's modules with node:"],
      [
        "coordinator/plain/plain-view.ts",
        "fast-check",
        "the product imports node's modules, its own files and the libraries",
      ],
    ];
    for (const [from, specifier, rule] of wrong) {
      const found = broken(importsOf(from, `import { x } from "${specifier}";`));
      assert.ok(
        found.some((line) => line.startsWith(`${from}:1 imports "${specifier}": ${rule}`)),
        `${from} imports ${specifier}: ${found.join("; ")}`,
      );
    }
    assert.deepEqual(broken(importsOf("test/support/broker/brokers.ts", 'import { connect } from "nats";')), []);
  });

  test("finds a circle, and only one through code", () => {
    const ring = (kind: string): Import[] => [
      ...importsOf("shared/a.ts", 'import { b } from "./b.ts";'),
      ...importsOf("shared/b.ts", 'import { c } from "./c.ts";'),
      ...importsOf("shared/c.ts", `${kind} { A } from "./a.ts";`),
    ];
    assert.deepEqual(cycles(ring("import")), ["shared/a.ts -> shared/b.ts -> shared/c.ts -> shared/a.ts"]);
    assert.deepEqual(cycles(ring("import type")), []);
  });
});
