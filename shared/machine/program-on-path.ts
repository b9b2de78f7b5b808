import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * Where a program lies, for starting it by that path: a bare name is looked up on the PATH of the environment that the program
 * gets, and that may begin with a folder that a job can write.
 *
 * @param path  a PATH; its relative folders do not count, as what lies in the current folder may be anybody's
 */
export function programOnPath(name: string, path = "/usr/local/bin:/usr/bin:/bin"): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false; // missing, or not executable
      }
    });
}
