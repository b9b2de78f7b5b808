/**
 * The name under which a file of a run is written here. Workers of other people choose the names: one that begins with
 * a dot is hidden and may be a program's settings (`.ssh`, `.bashrc`), one that begins with a dash is an option to the
 * next `rm *`, and one with marks that change the direction of writing shows another ending than it has.
 */

/** Control and format characters, line separators, surrogates, and private or unassigned code points. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;
/** Devices of Windows, whatever their ending. */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** @param path  within the run's folder, with slashes */
export function localName(path: string): string {
  return path
    .split("/")
    .map((name) => {
      const seen = name.replace(unseen, "_");
      return /^[.\-~ ]/.test(seen) || reserved.test(seen) ? `_${seen}` : seen;
    })
    .join("/");
}

/**
 * The local names of several files of one folder; a name that would be there twice, where case does not count, gets a number. The
 * same files get the same names, in whatever order they are listed.
 */
export function localNames(paths: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  const sorted = [...paths].sort();
  const key = (name: string): string => name.normalize("NFC").toLowerCase();
  // Of those that need no other name, the first keeps it.
  const kept = new Map(
    sorted
      .filter((path) => localName(path) === path)
      .map((path) => [key(path), path] as const)
      .reverse(),
  );
  const taken = new Set(kept.keys());
  for (const path of sorted) {
    let name = localName(path);
    if (kept.get(key(path)) !== path) for (let i = 2; taken.has(key(name)); i++) name = `${localName(path)}-${i}`;
    taken.add(key(name));
    names.set(path, name);
  }
  return names;
}
