import { messageOf } from "../../../shared/errors.ts";
import { checkArguments, type McpTool, mcpTools, schemaOf, shown } from "./mcp-tools.ts";

/** How a command ended. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface McpPorts {
  /** Carries out `nexus WORDS`; ends it early when `signal` aborts. */
  command(words: readonly string[], signal: AbortSignal): Promise<CommandOutcome>;
  send(message: object): void;
  readonly version: string;
}

/** Newest first. They do not differ in what is used here. */
const protocols = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
const errors = { parse: -32700, request: -32600, method: -32601, params: -32602 } as const;
/** Characters of an answer; an assistant reads no more at once. */
const mostText = 100_000;
/** Commands at once; each is a process of its own, and further ones wait. */
const mostCommands = 4;

type Id = string | number;

/**
 * A server of the Model Context Protocol: JSON-RPC 2.0, a message a line. Requests are carried out concurrently, and
 * answered as they finish. A command's refusal is the result of the call, for the assistant to read; JSON-RPC errors
 * report violations of the protocol only.
 */
export class McpServer {
  readonly #ports: McpPorts;
  readonly #tools: readonly McpTool[];
  readonly #underWay = new Map<Id, AbortController>();
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #isReady = false;

  constructor(ports: McpPorts, allowChanges: boolean) {
    this.#ports = ports;
    this.#tools = mcpTools.filter(({ changes }) => allowChanges || !changes);
  }

  /** Takes one line; resolves once it is answered. */
  async hear(line: string): Promise<void> {
    if (line.trim() === "") return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse(null, errors.parse, "not JSON; expected one JSON-RPC message a line");
      return;
    }
    const { jsonrpc, id, method, params } = (isObject(message) ? message : {}) as Record<string, unknown>;
    const isId = typeof id === "string" || (typeof id === "number" && Number.isInteger(id));
    if (jsonrpc !== "2.0" || (id !== undefined && !isId)) {
      this.#refuse(isId ? id : null, errors.request, "expected a JSON-RPC 2.0 request, {jsonrpc, id, method, params}");
    } else if (typeof method !== "string") {
      // Ignore responses: this side sends no requests.
      if (!isObject(message) || !("result" in message || "error" in message))
        this.#refuse(isId ? id : null, errors.request, "method: expected text");
    } else if (!isId) this.#notified(method, params);
    else await this.#answer(id, method, isObject(params) ? params : {});
  }

  #notified(method: string, params: unknown): void {
    if (method !== "notifications/cancelled" || !isObject(params)) return;
    const { requestId } = params;
    if (typeof requestId === "string" || typeof requestId === "number") this.#underWay.get(requestId)?.abort();
  }

  async #answer(id: Id, method: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    if (method === "ping") this.#ports.send({ jsonrpc: "2.0", id, result: {} });
    else if (method === "initialize") this.#initialize(id, params);
    else if (!this.#isReady) this.#refuse(id, errors.request, `${method} before initialize`);
    else if (method === "tools/list")
      this.#ports.send({ jsonrpc: "2.0", id, result: { tools: this.#tools.map(told) } });
    else if (method === "tools/call") await this.#call(id, params);
    else
      this.#refuse(
        id,
        errors.method,
        `there is no method ${shown(method)}; there are: initialize, ping, tools/list, tools/call`,
      );
  }

  #initialize(id: Id, { protocolVersion }: Readonly<Record<string, unknown>>): void {
    if (typeof protocolVersion !== "string") {
      this.#refuse(id, errors.params, `protocolVersion: expected text, such as ${protocols[0]}`);
      return;
    }
    this.#isReady = true;
    const result = {
      // An unknown version gets the newest: the client decides whether it accepts that.
      protocolVersion: protocols.find((each) => each === protocolVersion) ?? protocols[0],
      capabilities: { tools: {} },
      serverInfo: { name: "nexus-swarm", version: this.#ports.version },
      instructions:
        "A search over hyperparameters on a swarm of machines. hpmax is what it maximises; where a job minimises a metric, its own value stands beside it (metrics.loss, minimized, lowest): tell people that one, lower is better. Begin with list_jobs; judge settings by best, not by a single run in standings.",
    };
    this.#ports.send({ jsonrpc: "2.0", id, result });
  }

  async #call(id: Id, { name, arguments: given = {} }: Readonly<Record<string, unknown>>): Promise<void> {
    const tool = this.#tools.find((each) => each.name === name);
    if (!tool) {
      const isHeld = mcpTools.some((each) => each.name === name);
      const why = isHeld ? "changes a search; this server was started without --allow-changes" : "is no tool here";
      this.#refuse(
        id,
        errors.params,
        `${shown(name)} ${why}; there are: ${this.#tools.map((each) => each.name).join(", ")}`,
      );
      return;
    }
    const checked = checkArguments(tool, given);
    if (typeof checked["problem"] === "string") {
      this.#refuse(id, errors.params, checked["problem"]);
      return;
    }
    if (this.#underWay.has(id)) {
      this.#refuse(id, errors.request, "an earlier request of the same id is still carried out");
      return;
    }
    const abort = new AbortController();
    this.#underWay.set(id, abort);
    if (this.#running >= mostCommands) await new Promise<void>((go) => this.#waiting.push(go));
    this.#running += 1;
    try {
      // A request that was cancelled gets no answer.
      if (abort.signal.aborted) return;
      const outcome = await this.#carriedOut(tool.words(checked as Parameters<McpTool["words"]>[0]), abort.signal);
      if (abort.signal.aborted) return;
      const isError = outcome.code !== 0;
      const text = isError ? outcome.stderr.trim() || `exit code ${outcome.code}` : answerText(outcome);
      this.#ports.send({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }], isError } });
    } finally {
      this.#underWay.delete(id);
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Never rejects: a command that could not be started becomes a failed outcome, and the server goes on. */
  async #carriedOut(words: readonly string[], signal: AbortSignal): Promise<CommandOutcome> {
    try {
      return await this.#ports.command(words, signal);
    } catch (error) {
      return { code: null, stdout: "", stderr: `the program could not be started: ${messageOf(error)}` };
    }
  }

  #refuse(id: Id | null, code: number, message: string): void {
    this.#ports.send({ jsonrpc: "2.0", id, error: { code, message } });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const told = (tool: McpTool): object => ({
  name: tool.name,
  description: tool.description,
  inputSchema: schemaOf(tool),
  annotations: { readOnlyHint: !tool.changes, destructiveHint: tool.ends === true, openWorldHint: false },
});

/** One JSON object a line, whole lines only; an answer that is cut says so. */
function answerText({ stdout, stderr }: CommandOutcome): string {
  const text = stdout.trimEnd();
  if (text === "") return stderr.trim() || "nothing";
  if (text.length <= mostText) return text;
  const kept = text.slice(0, Math.max(0, text.lastIndexOf("\n", mostText)));
  const lines = (all: string): number => (all === "" ? 0 : all.split("\n").length);
  return `${kept}\n{"type":"cut","left_out":${lines(text) - lines(kept)},"hint":"ask for fewer, with last or filter"}`;
}
