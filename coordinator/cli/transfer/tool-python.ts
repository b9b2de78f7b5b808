import { spawnSync } from "node:child_process";
import { NexusError, UsageError } from "../../../shared/errors.ts";

/**
 * Arguments with which Python executes this code and imports nothing from the current folder, which may be a download whose file
 * names a worker chose. From 3.11 on its child processes do the same (PYTHONSAFEPATH).
 */
export const codeWords = (code: string): readonly string[] => [
  "-c",
  `import sys; sys.path[:] = [p for p in sys.path if p]; ${code}`,
];

export const safePython = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...env, PYTHONSAFEPATH: "1" });

/** Whether this interpreter has the package. */
const look = codeWords(
  "import importlib.util as u; s = u.find_spec(sys.argv[1]); sys.exit(s is None or s.origin is None)",
);

/** `$NEXUS_PYTHON`, or else those to try one after the other: python3 and python on PATH, and the one pip installed us into. */
export function pythons({
  NEXUS_PYTHON: named,
  NEXUS_BROUGHT_PYTHON: brought,
}: NodeJS.ProcessEnv): readonly [string, ...string[]] {
  return named ? [named] : ["python3", "python", ...(brought ? [brought] : [])];
}

/**
 * The first of `pythons` that has a tool's package.
 *
 * @throws UsageError if there is no Python, NexusError with the line that installs the package if none has it
 */
export function pythonWith(tool: string, env: NodeJS.ProcessEnv): string {
  const { NEXUS_PYTHON: named } = env;
  const there: string[] = [];
  for (const python of pythons(env)) {
    const { error, status } = spawnSync(python, [...look, tool], { env: safePython(env), stdio: "ignore" });
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
