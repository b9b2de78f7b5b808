/**
 * Gathers what a program imports into few files. Each module adds half a millisecond or more to Node's start, and a
 * command imports some 300. Each program stays where it was, as a line that imports its gathered form from `gathered/`
 * in its room. The single modules stay too, for those who import them one by one: tests, threads, and programs
 * that a command starts by their path.
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

/** Programs that start often and load much, by the room with which they are published. */
const programs = {
  coordinator: ["main", "cli/main", "demo", "process/snapshot-writer"],
  worker: ["main"],
  shared: ["broker/server/guard"],
};

/**
 * A program in one file, by its room, with all that it may import later: a runner lives on while an update or a build
 * replaces our files by others of other names.
 */
const whole = { worker: "runner/program" };

/** Packages that look for their files beside themselves, are built for one machine, or are optional. */
const leftAlone = ["@resvg/resvg-wasm", "dejavu-fonts-ttf", "msgpackr-extract"];

/**
 * Late imports that keep files of their own: they are large, or must not run before a program has hidden its arguments.
 */
const apart = /\/((guard-)?program|live-screen|parquet|png)\.ts"/;

/** A gathered file lies elsewhere than its modules, so `import.meta.url` is set to where each module would be. */
const places = {
  name: "places",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const own = JSON.stringify(`../../${relative(process.cwd(), path).replace(/\.ts$/, ".js")}`);
      const contents = readFileSync(path, "utf8")
        .replaceAll("import.meta.url", `new URL(${own}, import.meta.url).href`)
        .replace(/\bawait import\(("\.[^"]+")\)/g, (all, name) => (apart.test(name) ? all : `await require(${name})`));
      return { contents, loader: "ts" };
    });
  },
};

/** The broker's client loads TLS at its start, which takes 17 ms. This loads it only once a connection is encrypted. */
const later = {
  name: "later",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]nats[\\/]lib[\\/]src[\\/]node_transport\.js$/ }, ({ path }) => {
      const asked = 'const tls_1 = require("tls");';
      const [before, after, ...more] = readFileSync(path, "utf8").split(asked);
      if (after === undefined || more.length > 0) throw new Error(`${path}: expected ${asked} once`);
      const inTime =
        'get connect() { return require("tls").connect; }, get TLSSocket() { return require("tls").TLSSocket; }';
      return { contents: `${before}const tls_1 = { ${inTime} };${after}`, loader: "js" };
    });
  },
};

/** CommonJS packages need these names. */
const banner = `import { createRequire as requireMaker } from "node:module";
const require = requireMaker(import.meta.url);
const __filename = require("node:url").fileURLToPath(import.meta.url), __dirname = require("node:path").dirname(__filename);`;

/** `dist` is the folder of the compiled modules. */
export async function gatherPrograms(dist) {
  for (const [room, names] of Object.entries(programs)) {
    rmSync(join(dist, room, "gathered"), { recursive: true, force: true });
    await gather(dist, room, names, true);
  }
  for (const [room, name] of Object.entries(whole)) await gather(dist, room, [name], false);
}

async function gather(dist, room, names, splitting) {
  const folder = join(dist, room, "gathered");
  const flat = (name) => name.replaceAll("/", "-");
  await build({
    entryPoints: Object.fromEntries(names.map((name) => [flat(name), `${room}/${name}.ts`])),
    outdir: folder,
    bundle: true,
    splitting,
    format: "esm",
    platform: "node",
    target: "node20",
    external: leftAlone,
    plugins: [places, later],
    banner: { js: banner },
    logLevel: "warning",
  });
  for (const name of names) {
    const file = join(dist, room, `${name}.js`);
    const [first] = readFileSync(file, "utf8").split("\n");
    const gathered = relative(dirname(file), join(folder, `${flat(name)}.js`));
    const path = gathered.startsWith(".") ? gathered : `./${gathered}`;
    writeFileSync(file, `${first.startsWith("#!") ? `${first}\n` : ""}import ${JSON.stringify(path)};\n`);
  }
}
