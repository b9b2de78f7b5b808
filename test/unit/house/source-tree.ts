import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { packageRoot } from "../../../shared/components/component-defaults.ts";

/** One import, `export ... from` or `import()` of a module. */
export interface Import {
  /** Relative to the package's root, with slashes. */
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  /** The file it means, relative to the root; undefined for a package or a module of Node's. */
  readonly file: string | undefined;
  /** `import type`: nothing of it is left in the compiled code. `import { type A }` leaves an empty import there. */
  readonly isType: boolean;
  /** `import()`: runs when the code reaches it. */
  readonly isDynamic: boolean;
}

export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

export const productFolders: readonly string[] = ["coordinator", "shared", "worker"];
/** AssemblyScript: another language in files of the same name. */
const assembly = "worker/components/kernels/assembly/";

const statement = /^(?:import|export)(?<type>\s+type\b)?[^;"']*?\bfrom\s+"(?<specifier>[^"]+)"/gm;
const bare = /^import\s+"(?<specifier>[^"]+)"/gm;
const dynamic = /(?<!["'`.\w])import\(\s*"(?<specifier>[^"]+)"/g;

/** Every import of a file's text: plain, `import type`, bare, re-exporting and lazy ones. */
export function importsOf(file: string, text: string): Import[] {
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

const unnamed =
  /\bimport\((?!\s*"[^"]+"\s*\))|\bcreateRequire\((?:import\.meta\.url)?|\bgetBuiltinModule\(|(?:new URL\("(?<beside>[^"]+)", )?import\.meta\.(?<own>\w+)/g;

/**
 * What a file reaches without an import that names it: a computed `import()`, a loader, `import.meta`. A path beside
 * the file is given relative to the root, a program by its source.
 */
export function unnamedIn(file: string, text: string): string[] {
  return [...text.matchAll(unnamed)].map(([found, beside, own]) => {
    if (beside !== undefined) return posix.join(posix.dirname(file), beside.replace(/\.js$/, ".ts"));
    return own === undefined ? found.slice(0, found.indexOf("(")) : `import.meta.${own}`;
  });
}

/** Whether a file lies in one of the folders, at any depth. */
export const isIn = (file: string | undefined, ...folders: readonly string[]): boolean =>
  file !== undefined && folders.some((folder) => file.startsWith(`${folder}/`));

/** Every TypeScript file of the product and of its tests. */
export const tree: readonly SourceFile[] = [...productFolders, "test"]
  .flatMap((folder) =>
    readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" }).map((name) =>
      posix.join(folder, name.replaceAll("\\", "/")),
    ),
  )
  .filter((file) => file.endsWith(".ts") && !file.startsWith(assembly))
  .map((file) => ({ file, text: readFileSync(join(packageRoot(), file), "utf8") }));

export const imports: readonly Import[] = tree.flatMap(({ file, text }) => importsOf(file, text));
