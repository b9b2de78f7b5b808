import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { fileCircles, folderCircles } from "./circles.ts";
import { programs, roomOf, unnamed } from "./rooms.ts";
import { type Import, imports, importsOf, isIn, productFolders, tree, unnamedIn } from "./source-tree.ts";

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

/** The table of rooms.ts as rules, one for each room. */
const roomRules: readonly Rule[] = programs.flatMap(({ program, rooms }) =>
  Object.entries(rooms).map(
    ([room, allowed]): Rule => ({
      rule: `${program}/${room} imports ${allowed.length === 0 ? "no other room" : `only ${allowed.join(", ")}`} of ${program}`,
      isBroken: ({ from, file }) => {
        const [own, other] = [roomOf(from), file === undefined ? undefined : roomOf(file)];
        return (
          own?.program === program &&
          own.room === room &&
          other?.program === program &&
          other.room !== room &&
          !allowed.includes(other.room)
        );
      },
    }),
  ),
);

const rules: readonly Rule[] = [
  ...roomRules,
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
      file === undefined ? !specifier.startsWith("node:") && isBuiltin(specifier) : !file.endsWith(".ts"),
  },
  wrapped("nats", "shared/broker/client", /^shared\/broker\/client\//),
  wrapped("ws", "shared/broker/client/sockets/web-socket.ts", /^shared\/broker\/client\/sockets\/web-socket\.ts$/),
  wrapped("msgpackr", "shared/wire/codec.ts", /^shared\/wire\/codec\.ts$/),
  wrapped("pino", "shared/log.ts", /^shared\/log\.ts$/),
  wrapped("js-yaml", "shared/domain/runspec", /^shared\/domain\/runspec\//),
  wrapped("seedrandom", "shared/domain/rng.ts", /^shared\/domain\/rng\.ts$/),
  wrapped(
    "commander",
    "the files of each program that read its arguments, and shared/program,",
    /^shared\/program\/(exit-after|usual-command)\.ts$/,
    /^coordinator\/program\.ts$/,
    /^worker\/flags\.ts$/,
    /^worker\/service\/(service-verbs|given-words)\.ts$/,
    /^worker\/status\/status-verb\.ts$/,
    /^coordinator\/cli\/command-line\.ts$/,
    /^coordinator\/cli\/verbs\//,
  ),
  wrapped("@observablehq/plot", "coordinator/plots/drawing/svg.ts", /^coordinator\/plots\/drawing\/svg\.ts$/),
  wrapped("linkedom", "coordinator/plots/drawing/svg.ts", /^coordinator\/plots\/drawing\/svg\.ts$/),
  wrapped("@resvg/resvg-wasm", "coordinator/plots/drawing/png.ts", /^coordinator\/plots\/drawing\/png\.ts$/),
  wrapped("hyparquet-writer", "coordinator/cli/transfer/parquet.ts", /^coordinator\/cli\/transfer\/parquet\.ts$/),
  {
    rule: "the product imports node's modules, its own files and the libraries of package.json",
    isBroken: ({ from, file, specifier }) =>
      isIn(from, ...productFolders) &&
      file === undefined &&
      !specifier.startsWith("node:") &&
      !libraries.has(specifier.replace(/^(@[^/]+\/[^/]+|[^@/]+)\/.*$/, "$1")),
  },
];

const { dependencies } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const libraries = new Set(Object.keys(dependencies));

/** What breaks the rules, as `file:line imports "x": rule`. */
const broken = (imports: readonly Import[], among = rules): string[] =>
  imports.flatMap((each) =>
    among
      .filter(({ isBroken }) => isBroken(each))
      .map(({ rule }) => `${each.from}:${each.line} imports "${each.specifier}": ${rule}`),
  );

const files = new Set(tree.map(({ file }) => file));

describe("imports", () => {
  for (const { rule, isBroken } of rules) {
    test(rule, () => assert.deepEqual(broken(imports, [{ rule, isBroken }]), []));
  }

  test("imports form no circle of files, types and lazy imports included", () =>
    assert.deepEqual(fileCircles(imports), []));

  test("imports form no circle of folders, at any level", () => assert.deepEqual(folderCircles(imports), []));

  test("what the product reaches without an import is in the table of rooms", () => {
    const found = tree
      .filter(({ file }) => isIn(file, ...productFolders))
      .map(({ file, text }) => [file, unnamedIn(file, text)] as const)
      .filter(([, reached]) => reached.length > 0);
    assert.deepEqual(Object.fromEntries(found), unnamed);
  });

  test("every program that is started by its path is there", () => {
    const programs = Object.values(unnamed)
      .flat()
      .filter((reached) => reached.endsWith(".ts"));
    assert.ok(programs.length > 8);
    assert.deepEqual(
      programs.filter((file) => !files.has(file)),
      [],
    );
  });

  test("every permission in the table of rooms is used", () => {
    const used = new Set(
      imports.flatMap(({ from, file }) => {
        const [own, other] = [roomOf(from), file === undefined ? undefined : roomOf(file)];
        return own?.program === other?.program ? [`${own?.program}: ${own?.room} -> ${other?.room}`] : [];
      }),
    );
    const permitted = programs.flatMap(({ program, rooms }) =>
      Object.entries(rooms).flatMap(([room, allowed]) => allowed.map((other) => `${program}: ${room} -> ${other}`)),
    );
    assert.deepEqual(
      permitted.filter((arrow) => !used.has(arrow)),
      [],
    );
  });

  test("every import of our own files means a file that is there", () => {
    const missing = imports.filter(({ file }) => file !== undefined && !files.has(file));
    assert.deepEqual(
      missing.map(({ from, line, specifier }) => `${from}:${line} ${specifier}`),
      [],
    );
  });
});

describe("the check of imports", () => {
  test("the check of imports reads every line that brings in a module", () => {
    for (const { file, text } of tree) {
      const lines = text.match(/\bfrom "[^"]+";$|^import "[^"]+";$/gm) ?? [];
      const read = importsOf(file, text).filter(({ isDynamic }) => !isDynamic);
      assert.equal(read.length, lines.length, file);
      if (!isIn(file, ...productFolders)) continue;
      const lazy = importsOf(file, text).filter(({ isDynamic }) => isDynamic);
      const computed = unnamedIn(file, text).filter((reached) => reached === "import");
      assert.equal(lazy.length + computed.length, text.match(/\bimport\(/g)?.length ?? 0, file);
    }
    assert.ok(imports.length > 500, `${imports.length} imports in ${tree.length} files`);
  });

  test("the check of imports tells types, bare imports and import() apart", () => {
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

  test("the check of imports sees what no import names", () => {
    const text = [
      `await ${"import"}("./a.ts");`,
      `await ${"import"}(\`./b.ts\`);`,
      `await ${"import"}(name);`,
      `await ${"import"}("./c.ts", { with: { type: "json" } });`,
      `const late = ${"createRequire"}(import.meta.url);`,
      'const program = new URL("../here/d.js", import.meta.url);',
      "const other = new URL(name, import.meta.url);",
      "const library = import.meta.resolve(name);",
    ].join("\n");
    assert.deepEqual(unnamedIn("worker/stages/x.ts", text), [
      ...["import", "import", "import", "createRequire"],
      ...["worker/here/d.ts", "import.meta.url", "import.meta.resolve"],
    ]);
  });

  test("the check of imports names the rule that is broken", () => {
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

  test("the check of imports finds a circle of files, also one that types alone or a lazy import close", () => {
    const ring = (last: string): Import[] => [
      ...importsOf("shared/a.ts", 'import { b } from "./b.ts";'),
      ...importsOf("shared/b.ts", 'import { c } from "./c.ts";'),
      ...importsOf("shared/c.ts", last),
    ];
    const circle = ["shared/a.ts, shared/b.ts, shared/c.ts"];
    assert.deepEqual(fileCircles(ring('import { a } from "./a.ts";')), circle);
    assert.deepEqual(fileCircles(ring('import type { A } from "./a.ts";')), circle);
    assert.deepEqual(fileCircles(ring(`const a = await ${"import"}("./a.ts");`)), circle);
    assert.deepEqual(fileCircles(ring('import { d } from "./d.ts";')), []);
  });

  test("the check of imports finds a circle of folders that no circle of files shows", () => {
    const found = folderCircles([
      ...importsOf("shared/wire/a.ts", 'import { b } from "../broker/b.ts";'),
      ...importsOf("shared/broker/c.ts", 'import type { D } from "../wire/d.ts";'),
    ]);
    assert.deepEqual(found, ["shared: broker, wire"]);
  });

  test("the table of rooms has every room of the product", () => {
    const unknown = tree.filter(({ file }) => {
      const own = roomOf(file);
      const rooms = programs.find(({ program }) => program === own?.program)?.rooms;
      return isIn(file, ...productFolders) && (own === undefined || rooms?.[own.room] === undefined);
    });
    assert.deepEqual(
      unknown.map(({ file }) => file),
      [],
    );
  });
});

/** Some of what Node 20 got after 20.3, the oldest in package.json. */
const later = /\bparentPath\b|\bimport\.meta\.(resolve|dirname|filename)\b|\bcrc32\b.* from "node:zlib"/;

test("the programs run on the oldest Node that the package names", () => {
  // What Node compiled is kept from Node 22 on.
  const newer = tree.filter(({ file, text }) => isIn(file, ...productFolders) && later.test(text));
  assert.deepEqual(
    newer.map(({ file }) => file),
    ["shared/machine/kept-code.ts"],
  );
});

/** A faulty spec and what is said of it, 32 times, by name: a list to look one up in, which has no subjects to divide it by. */
const pairs = "test/fixtures/spec-errors";

describe("the size of what one opens", () => {
  const product = tree.filter(({ file }) => isIn(file, ...productFolders));

  test("no file has more than 400 lines", () => {
    const long = tree.map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 }));
    assert.deepEqual(
      long.filter(({ lines }) => lines > 400).map(({ file, lines }) => `${file}: ${lines} lines`),
      [],
    );
  });

  test("no folder has more than 25 files", () => {
    const counts = new Map<string, number>();
    const fixtures = readdirSync(join(packageRoot(), "test/fixtures"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => posix.join(posix.relative(packageRoot(), parentPath), name));
    for (const file of [...tree.map((each) => each.file), ...fixtures]) {
      const folder = file.slice(0, file.lastIndexOf("/"));
      if (folder !== pairs) counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    assert.ok(product.length > 300, `${product.length} files of the product`);
    assert.deepEqual(
      [...counts].filter(([, count]) => count > 25),
      [],
    );
  });
});
