import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { codeFilesIn } from "../../../shared/wire/code-bundle.ts";
import { newKey, sealChunks } from "../../../shared/wire/sealed-chunks.ts";
import type { Act, Family } from "../act.ts";
import { type Held, hold } from "../attacker/holding.ts";
import { failure, result } from "../attacker/words.ts";
import { type Ground, ids } from "../ground/ground.ts";
import { probeSpec } from "../ground/specs.ts";
import { stateOf } from "../ground/state.ts";

const pool = "files";
const content = "planted by a worker";

/** Names that a worker reports for files that a run left. */
const names: readonly string[] = [
  "../escaped",
  "../../escaped",
  "a/../../escaped",
  "/tmp/escaped",
  "//tmp/escaped",
  "a//escaped",
  "./escaped",
  "a/./escaped",
  "a/..",
  "..",
  ".",
  "~/escaped",
  "..\\escaped",
  "C:\\escaped",
  "C:escaped",
  "escaped\0.txt",
  "escaped\n.txt",
  "escaped\x1b[31m",
  "escaped\x9b31m",
  "escaped.",
  "escaped ",
  "CON",
  "nul.txt",
  ".ssh/authorized_keys",
  ".bashrc",
  "a/.git/hooks/post-checkout",
  "-rf",
  "a/-rf",
  "--output=x",
  "\u202egnp.escaped",
  "escaped\u2066txt",
  "escaped\u200b",
  "\uff0e\uff0e/escaped",
  "%2e%2e/escaped",
  "$HOME/escaped",
  "`id`",
  "escaped;id",
  "x".repeat(300),
  `${"d/".repeat(90)}escaped`,
  "console.txt",
  "spec.yaml",
  "runs.csv",
  "repro_spec.yaml",
  "CONSOLE.TXT",
  "__proto__",
  "",
];
/** Files that we write ourselves; a worker's file of the same name must not replace them. */
const ownFiles = ["console.txt", "repro_spec.yaml", "reports.csv"];

/** The search whose only worker is the attacker. */
async function jobOf(ground: Ground): Promise<string> {
  const known = ground.notes.get("files job") as Promise<string> | undefined;
  if (known) return known;
  const submitting = (async () => {
    const spec = probeSpec(ground.folder, { total_runs: 10_000, compute_target: pool });
    const { output } = await ground.command(["run", ground.write("files.yaml", spec)]);
    const job = /job\d+/.exec(output)?.[0];
    if (job === undefined) throw new Error(`not submitted: ${output.slice(0, 300)}`);
    return job;
  })();
  ground.notes.set("files job", submitting);
  return submitting;
}

/** A run of the attacker that left one file under that name. */
async function leave(ground: Ground, path: string): Promise<Held> {
  await jobOf(ground);
  const held = await hold(ground, "worker", { targets: [pool] });
  const key = newKey();
  const { chunks, sum } = sealChunks(Buffer.from(content), key);
  const client = await ground.as("worker");
  const at = `${ids.worker}.${held.job}.${held.n}`;
  for (const [i, piece] of chunks.entries())
    await client.ask(`ck.${at}.${held.attempt}.files.${i}`, piece, ground.inbox("worker"), 60_000);
  const files = { blob: "files", key, files: [{ path, ...sum }], leftOut: "" };
  const said = result({ attempt: held.attempt, claim: held.claimId, files });
  await client.ask(`ev.${at}.result`, said, ground.inbox("worker"), 60_000);
  return held;
}

/** The whole job, copied to an operator's machine once for all names. */
function extracted(ground: Ground): Promise<string> {
  const known = ground.notes.get("extracted") as Promise<string> | undefined;
  if (known) return known;
  const extracting = (async () => {
    const to = join(ground.folder, "own", "extracted");
    mkdirSync(join(ground.folder, "own"), { recursive: true });
    await ground.command(["extract", await jobOf(ground), to]);
    return to;
  })();
  ground.notes.set("extracted", extracting);
  return extracting;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const badName = /^[.-]|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\\:]|[. ]$/u;

/** The harm: a file of the attacker's in a forbidden place or under a forbidden name. */
async function strayFile(ground: Ground, path: string): Promise<string | undefined> {
  const to = await extracted(ground);
  const outside = [join(ground.folder, "own"), ground.folder, "/tmp"].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.includes("escaped"))
      .map((name) => join(folder, name)),
  );
  if (outside.length > 0) return `it wrote ${outside[0]}`;
  if (!existsSync(to)) return undefined;
  const written = readdirSync(to, { recursive: true, encoding: "utf8" });
  const stray = written.find((file) => file.split("/").some((part) => badName.test(part)));
  if (stray?.includes(path.slice(-8))) return `it wrote ${JSON.stringify(stray)}`;
  const replaced = written.find(
    (file) =>
      ownFiles.includes(file.split("/").at(-1) ?? "") &&
      lstatSync(join(to, file)).isFile() &&
      readFileSync(join(to, file), "utf8") === content,
  );
  return replaced && `it took the place of ${replaced}`;
}

const uploads = names.map(
  (path): Act => ({
    family: "files",
    role: "worker",
    title: `leaves a file called ${JSON.stringify(path).slice(0, 60)}`,
    attempt: (ground) => leave(ground, path),
    harm: (ground) => strayFile(ground, path),
  }),
);

/** Texts from a worker or a spec's author that an operator's machine prints and exports. */
const texts: readonly (readonly [string, string])[] = [
  ["a formula", "=HYPERLINK(1)"],
  ["a formula with a sign", "+1+1"],
  ["a formula with a minus", "-1+cmd|' /C calc'!A0"],
  ["a formula with an at", "@SUM(1)"],
  ["a formula behind a tab", "\t=1+1"],
  ["a title for the terminal", "\x1b]0;owned\x07"],
  ["colours", "\x1b[31mred"],
  ["an erased screen", "\x1b[2J\x1b[H"],
  ["8-bit control characters", "\x9b31m\x9d0;x\x9c"],
  ["a line that is written over", "good\rbad"],
  ["a bell and a backspace", "\x07\x08\x08"],
  ["writing from right to left", "\u202eevil\u2066"],
  ["marks without width", "a\u200bb\u2060c\ufeff"],
  ["a line of 60,000 characters", "x".repeat(60_000)],
  ["a thousand lines", "l\n".repeat(1000)],
  ["markup", "<script>alert(1)</script>]]>"],
  ["a quotation of CSV", 'a","b\n"c'],
  ["half a surrogate", "\ud800"],
];

/** Runs that ended with those texts; each is reported once, and read by every command. */
async function tellTexts(ground: Ground): Promise<Held[]> {
  const known = ground.notes.get("texts") as Promise<Held[]> | undefined;
  if (known) return known;
  const telling = (async () => {
    await jobOf(ground);
    const told: Held[] = [];
    const client = await ground.as("worker");
    for (const [, text] of texts) {
      const held = await hold(ground, "worker", { targets: [pool] });
      const at = `ev.${ids.worker}.${held.job}.${held.n}`;
      const reason = text.slice(0, 3000);
      const said = failure({ attempt: held.attempt, claim: held.claimId, reason, console: text });
      await client.ask(`${at}.failed`, said, ground.inbox("worker"), 60_000);
      told.push(held);
    }
    return told;
  })();
  ground.notes.set("texts", telling);
  return telling;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const rawTerminal = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)|[\u202a-\u202e\u2066-\u2069]/u;
/** A cell that a spreadsheet would execute; numbers may begin with a sign. */
const formulas = { csv: /(^|[,\n])"?([=@+]|-(?![\d.]))/, tsv: /(^|[\t\n])"?([=@+]|-(?![\d.]))/ } as const;

interface Reader {
  readonly title: string;
  readonly words: (job: string) => readonly string[];
  /** The file that it writes, read instead of its output. */
  readonly file?: string;
  readonly table?: keyof typeof formulas;
}
const readers: readonly Reader[] = [
  { title: "list runs", words: (job) => ["list", "runs", job, "--all"] },
  { title: "list runs as JSON", words: (job) => ["list", "runs", job, "--all", "--json"] },
  { title: "list workers", words: () => ["list", "workers"] },
  { title: "view events", words: (job) => ["view", "events", job] },
  { title: "list jobs", words: () => ["list", "jobs"] },
  {
    title: "export to CSV",
    words: (job) => ["export", job, "--output", "audit.csv"],
    file: "audit.csv",
    table: "csv",
  },
  {
    title: "export to TSV",
    words: (job) => ["export", job, "--output", "audit.tsv"],
    file: "audit.tsv",
    table: "tsv",
  },
  { title: "plot as SVG", words: (job) => ["plot", "hpmax", job, "--svg", "audit.svg"], file: "audit.svg" },
];

const read = readers.map(
  ({ title, words, file, table }): Act => ({
    family: "files",
    role: "worker",
    title: `has ${texts.length} hostile texts come out raw of ${title}`,
    attempt: async (ground, mark) => {
      await tellTexts(ground);
      const { output } = await ground.command(words(await jobOf(ground)));
      ground.notes.set(mark, output);
    },
    harm: (ground, mark) => {
      const path = file === undefined ? undefined : join(ground.folder, file);
      const bytes =
        path === undefined
          ? Buffer.from(ground.notes.get(mark) as string, "latin1")
          : existsSync(path)
            ? readFileSync(path)
            : Buffer.alloc(0);
      const text = bytes.toString("utf8");
      const raw = rawTerminal.exec(table === undefined ? text : text.replaceAll("\t", " "));
      if (raw) return `${JSON.stringify(text.slice(Math.max(0, raw.index - 20), raw.index + 20))} came out`;
      const found = table === undefined ? null : formulas[table].exec(text);
      return found ? `${JSON.stringify(text.slice(found.index, found.index + 40))} is a formula` : undefined;
    },
  }),
);

const consoles = texts.map(
  ([title], i): Act => ({
    family: "files",
    role: "worker",
    title: `has ${title} come out raw of view console`,
    attempt: async (ground, mark) => {
      const held = (await tellTexts(ground))[i];
      if (!held) throw new Error("no run has that text");
      ground.notes.set(mark, (await ground.command(["view", "console", held.run])).output);
    },
    harm: (ground, mark) => {
      const text = Buffer.from(ground.notes.get(mark) as string, "latin1").toString("utf8");
      const raw = rawTerminal.exec(text);
      return raw ? `${JSON.stringify(text.slice(Math.max(0, raw.index - 20), raw.index + 20))} came out` : undefined;
    },
  }),
);

/** Finding 17: files that a spec brings along, with links at any part of a path. */
interface Carried {
  readonly title: string;
  readonly code: string;
  readonly prepare?: (folder: string) => void;
}
const carried: readonly Carried[] = [
  {
    title: "a link to a file",
    code: "link.py",
    prepare: (folder) => symlinkSync("/etc/passwd", join(folder, "link.py")),
  },
  {
    title: "a folder that is a link",
    code: "linkdir",
    prepare: (folder) => symlinkSync("/etc", join(folder, "linkdir")),
  },
  {
    title: "a file behind a link",
    code: "linked/passwd",
    prepare: (folder) => symlinkSync("/etc", join(folder, "linked")),
  },
  {
    title: "a link within a folder",
    code: "inner",
    prepare: (folder) => {
      mkdirSync(join(folder, "inner"));
      writeFileSync(join(folder, "inner", "own.py"), "x = 1\n");
      symlinkSync("/etc/passwd", join(folder, "inner", "passwd"));
    },
  },
  { title: "a path upwards", code: "../../../../../../etc/passwd" },
  { title: "an absolute path", code: "/etc/passwd" },
  { title: "a path from the home folder", code: "~/.profile" },
  { title: "a file of /proc", code: "/proc/self/environ" },
];
/** Bytes in the author's own folder besides the links. */
const ownBytes = 100;
const carrying = (["code", "inputs"] as const).flatMap((setting, k) =>
  carried.map(
    ({ title, code: path, prepare }, i): Act => ({
      family: "files",
      role: "author",
      title: `has ${title} sent to the workers as ${setting}`,
      attempt: async (ground, mark) => {
        const folder = join(ground.folder, `author${k}-${i}`);
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        prepare?.(folder);
        const file = join(folder, "spec.yaml");
        writeFileSync(file, probeSpec(ground.folder, { compute_target: "nobody", [setting]: [path] }));
        const { output } = await ground.command(["run", file]);
        ground.notes.set(mark, /job\d+/.exec(output)?.[0] ?? "");
      },
      harm: async (ground, mark) => {
        const job = ground.notes.get(mark) as string; // as attempt left it
        if (job === "") return undefined;
        const { code, largeCode, inputs } = (await stateOf(ground)).jobs.get(job as never)?.submitted ?? {};
        // Links within a folder are skipped; the carried files must hold nothing from elsewhere.
        const carriedFiles = code
          ? codeFilesIn(code).map(({ path: each, bytes }) => `${each} ${Buffer.from(bytes).toString()}`)
          : [];
        const foreign = carriedFiles.find((each) => /root:|PATH=/.test(each));
        if (foreign !== undefined) return `${job} carries ${JSON.stringify(foreign.slice(0, 40))}`;
        const bytes = (largeCode?.bytes ?? 0) + (inputs?.bytes ?? 0);
        return bytes > ownBytes ? `${job} carries ${bytes} bytes, more than its folder has` : undefined;
      },
    }),
  ),
);

export const files: Family = {
  name: "files",
  origin: "17, Low, held",
  acts: async (ground) => {
    await jobOf(ground);
    return [...uploads, ...read, ...consoles, ...carrying];
  },
  control: async (ground) => {
    const held = await leave(ground, "models/good.txt");
    const to = join(ground.folder, "own", "control");
    mkdirSync(join(ground.folder, "own"), { recursive: true });
    await ground.until("the result counts", async () => {
      await ground.command(["download", held.run, "--to", to, "--overwrite"]);
      return existsSync(join(to, "models", "good.txt"));
    });
    return undefined;
  },
};
