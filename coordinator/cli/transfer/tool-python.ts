import { spawnSync } from "node:child_process";
import { NexusError, UsageError } from "../../../shared/errors.ts";

/** Whether this interpreter has the package; a folder of that name in the current one is none. */
const look = "import importlib.util as u,sys; s=u.find_spec(sys.argv[1]); sys.exit(s is None or s.origin is None)";

/**
 * The Python that has a tool's package: `$NEXUS_PYTHON`, else the first of python3 and python on PATH, and the one that pip installed
 * Nexus into, that has it.
 *
 * @throws UsageError with the line that installs it
 */
export function pythonWith(tool: string, env: NodeJS.ProcessEnv): string {
  const { NEXUS_PYTHON: named, NEXUS_BROUGHT_PYTHON: brought } = env;
  const there: string[] = [];
  for (const python of named ? [named] : ["python3", "python", ...(brought ? [brought] : [])]) {
    const { error, status } = spawnSync(python, ["-c", look, tool], { env, stdio: "ignore" });
    if (error && named)
      throw new UsageError(`NEXUS_PYTHON=${named} is not a program (${error.message}); correct it, or unset it`);
    if (error) continue;
    if (status === 0) return python;
    there.push(python);
  }
  const [first] = there;
  if (first === undefined)
    throw new UsageError(
      `--to ${tool} needs Python with the package ${tool}, and there is no python3 on the PATH; install it, or name one: NEXUS_PYTHON=/opt/py/bin/python`,
    );
  throw new NexusError(
    "NO_PACKAGE",
    1,
    `${there.join(" and ")} ${there.length > 1 ? "have" : "has"} no package ${tool}\n  type: ${first} -m pip install ${tool}\n  or name a Python that has it: NEXUS_PYTHON=/opt/py/bin/python`,
  );
}
