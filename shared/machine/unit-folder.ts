import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where systemd looks for a user's own units, whose files may hold secrets: `$XDG_CONFIG_HOME/systemd/user`. */
export function unitFolder({ XDG_CONFIG_HOME: config = "" }: NodeJS.ProcessEnv, home?: string): string {
  return join(isAbsolute(config) ? config : join(home ?? homedir(), ".config"), "systemd", "user");
}
