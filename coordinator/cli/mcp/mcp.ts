import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { programVersion } from "../../../shared/components/version.ts";
import type { Output } from "../../operator/output.ts";
import type { GlobalOptions } from "../../operator/scope.ts";
import { type CommandOutcome, McpServer } from "./mcp-server.ts";

export interface McpOptions extends GlobalOptions {
  readonly allowChanges?: boolean | undefined;
}

const program = fileURLToPath(new URL("../main.js", import.meta.url));

/** `nexus mcp`: serves on standard input and output until the input ends. Each call is a `nexus` process of its own. */
export async function serveMcp(options: McpOptions, output: Output): Promise<void> {
  // Passed as variables, so that each call is about the same workspace.
  const { workspace, nats, creds, tlsCa } = options;
  const place = { NEXUS_WORKSPACE: workspace, NEXUS_SERVERS: nats, NEXUS_CREDS: creds, NEXUS_TLS_CA: tlsCa };
  const given = Object.entries(place).filter(([, value]) => value !== undefined);
  const env = { ...process.env, ...Object.fromEntries(given) };
  const send = (message: object): void => output.result(`${JSON.stringify(message)}\n`);
  const command = (words: readonly string[], signal: AbortSignal): Promise<CommandOutcome> =>
    new Promise((done, failed) => {
      const child = spawn(process.execPath, [program, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
      const said = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        said.stdout += chunk;
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        said.stderr += chunk;
      });
      signal.addEventListener("abort", () => void child.kill("SIGTERM"), { once: true });
      child.once("error", failed);
      child.once("close", (code) => done({ code, ...said }));
    });
  const server = new McpServer({ command, send, version: programVersion() }, options.allowChanges === true);
  const underWay = new Set<Promise<void>>();
  for await (const line of createInterface({ input: process.stdin })) {
    const heard = server.hear(line).finally(() => underWay.delete(heard));
    underWay.add(heard);
  }
  // Requests that came before the end of the input are answered.
  await Promise.all(underWay);
}
