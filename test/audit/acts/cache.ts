import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bootstrapFor, type HandedOut } from "../../../coordinator/endpoint/bootstrap.ts";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import type { Act, Family } from "../act.ts";
import type { Ground } from "../ground/ground.ts";
import { startProcess, startProgram } from "../ground/programs.ts";

/** How another user was first in a shared cache (`XDG_CACHE_HOME`). Nobody else may execute the files he put there. */
interface Claim {
  readonly title: string;
  /** Makes the cache that others will use; `mine` makes a folder that belongs to him. */
  readonly prepare: (cache: string, mine: (folder: string) => void) => void;
}

/** Gives a folder to another user. Without root, a folder that everybody may write stands for that. */
function give(folder: string): void {
  chmodSync(folder, 0o777);
  if (process.geteuid?.() === 0) chownSync(folder, 12_345, 12_345);
}

const claims: readonly Claim[] = [
  {
    title: "owns nexus in a cache that all share",
    prepare: (cache, mine) => {
      chmodSync(cache, 0o1777);
      mine(join(cache, "nexus"));
    },
  },
  { title: "owns the cache itself", prepare: (cache, mine) => mine(cache) },
  { title: "may write into the cache", prepare: (cache) => chmodSync(cache, 0o777) },
  {
    title: "has put a link in the place of nexus",
    prepare: (cache, mine) => {
      chmodSync(cache, 0o1777);
      mine(`${cache}-theirs`);
      symlinkSync(`${cache}-theirs`, join(cache, "nexus"));
    },
  },
];

/** A file that he put there. If executed, it leaves the file `planted`. */
interface Bait {
  readonly title: string;
  readonly put: (nexus: string, planted: string, ground: Ground) => unknown;
  readonly start: (ground: Ground, env: NodeJS.ProcessEnv, mark: string) => Promise<void>;
}

const script = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
};

const baits: readonly Bait[] = [
  {
    title: "a nats-server",
    put: (nexus, planted) =>
      script(
        join(nexus, "nats-server", "9.9.9", "nats-server"),
        `#!/bin/sh\ntouch ${planted}\necho nats-server: v9.9.9\n`,
      ),
    start: async (ground, env, mark) => {
      const words = ["--headless", "--linger", "0", "--workspace", mark];
      const program = startProgram("coordinator/main.js", words, ground.folder, { ...env, PATH: "/usr/bin:/bin" });
      await ground.until(
        "it leads, or has ended",
        () => program.exitCode !== undefined || /leads|listens|join/.test(program.output()),
      );
      await program.end();
    },
  },
  {
    title: "the package that a machine joins with",
    put: async (nexus, planted, ground) => {
      const text = await (await fetch(`http://127.0.0.1:${handedOut(ground).port}/node`)).text();
      const [, version = ""] = /"version":"([^"]+)"/.exec(text) ?? [];
      const [, sha256 = ""] = /"sha256":"([0-9a-f]{64})"/.exec(text) ?? [];
      if (version === "" || sha256 === "") throw new Error("the script does not say which package it fetches");
      const place = join(nexus, "versions", `${version}-${sha256.slice(0, 12)}`);
      script(join(place, "dist", "worker", "main.js"), `require("fs").writeFileSync("${planted}", "")`);
    },
    start: async (ground, env, mark) => {
      const offer = handedOut(ground);
      const line = bootstrapFor(`tls://${mark}@127.0.0.1:1/ws1`, [`127.0.0.1:${offer.port}`], offer).node;
      await startProcess("sh", ["-c", `${line} --quiet`], ground.folder, env).finished(60_000);
    },
  },
  {
    title: "the engine's code",
    put: (nexus) => mkdirSync(join(nexus, "code"), { recursive: true }),
    start: async (ground, env) => {
      await startProgram("coordinator/cli/main.js", ["--version"], ground.folder, env).finished();
    },
  },
];

function handedOut(ground: Ground): HandedOut {
  const found = livingEndpoint(ground.paths)?.handedOut;
  if (!found) throw new Error("no package is handed out");
  return found;
}

const acts = claims.flatMap(({ title, prepare }) =>
  baits.map(
    (bait): Act => ({
      family: "cache",
      role: "neighbour",
      title: `${title}, and has put ${bait.title} there`,
      attempt: async (ground, mark) => {
        const cache = join(ground.folder, `cache-${mark}`);
        mkdirSync(cache);
        const mine = (folder: string): void => {
          mkdirSync(folder, { recursive: true });
          give(folder);
        };
        prepare(cache, mine);
        await bait.put(join(cache, "nexus"), join(ground.folder, `planted-${mark}`), ground);
        await bait.start(ground, { ...ground.env, XDG_CACHE_HOME: cache }, mark);
      },
      harm: (ground, mark) => {
        if (existsSync(join(ground.folder, `planted-${mark}`))) return "it was executed";
        const code = join(ground.folder, `cache-${mark}`, "nexus", "code");
        // Code kept there would also be read from there.
        return existsSync(code) && readdirSync(code).length > 0 ? "the engine's code is kept there" : undefined;
      },
    }),
  ),
);

export const cache: Family = {
  name: "cache",
  origin: "own",
  acts: () => acts,
  // In one's own cache the bait is found and executed.
  control: async (ground, mark) => {
    const [own, bait] = [join(ground.folder, `cache-${mark}`), baits[0]];
    mkdirSync(join(own, "nexus", "nats-server"), { recursive: true, mode: 0o700 });
    for (const folder of [own, join(own, "nexus"), join(own, "nexus", "nats-server")]) chmodSync(folder, 0o700);
    await bait?.put(join(own, "nexus"), join(ground.folder, `planted-${mark}`), ground);
    await bait?.start(ground, { ...ground.env, XDG_CACHE_HOME: own }, mark);
    return existsSync(join(ground.folder, `planted-${mark}`))
      ? undefined
      : "a program in a cache of one's own was not started";
  },
};
