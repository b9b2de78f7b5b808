import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * The path of a program, to start it by; undefined if there is none. A bare name would be looked up on the PATH that
 * the program itself gets, which may begin with a folder that a job can write.
 *
 * @param path  a PATH; relative folders are skipped, because files in the current folder may be anybody's
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
