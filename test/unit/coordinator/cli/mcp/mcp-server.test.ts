import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { type CommandOutcome, McpServer } from "../../../../../coordinator/cli/mcp/mcp-server.ts";
import { mcpTools } from "../../../../../coordinator/cli/mcp/mcp-tools.ts";

interface Answer {
  readonly id?: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A server whose commands have this outcome. */
function server(outcome: Partial<CommandOutcome> = {}, allowChanges = false) {
  const sent: Answer[] = [];
  const commands: string[][] = [];
  const mcp = new McpServer(
    {
      version: "1",
      send: (message) => void sent.push(message as Answer),
      command: async (words) => {
        commands.push([...words]);
        return { code: 0, stdout: "", stderr: "", ...outcome };
      },
    },
    allowChanges,
  );
  const say = async (line: unknown): Promise<Answer | undefined> => {
    const before = sent.length;
    await mcp.hear(typeof line === "string" ? line : JSON.stringify(line));
    return sent[before];
  };
  const ask = (method: string, params: object = {}): Promise<Answer | undefined> =>
    say({ jsonrpc: "2.0", id: 1, method, params });
  const begin = () => ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} });
  const call = (name: string, given?: object) => ask("tools/call", { name, arguments: given });
  return { mcp, say, ask, begin, call, commands, sent };
}

test("the MCP server refuses what is no request as JSON-RPC says, and does not answer notifications", async () => {
  const { say, ask, begin } = server();
  for (const [line, id, code] of [
    ["{half", null, -32700],
    ["[]", null, -32600],
    ['{"jsonrpc":"1.0","id":3,"method":"ping"}', 3, -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', null, -32600],
    ['{"jsonrpc":"2.0","id":4}', 4, -32600],
    ['{"jsonrpc":"2.0","id":5,"method":"tools/list"}', 5, -32600],
  ] as const) {
    const answer = await say(line);
    assert.deepEqual([answer?.id, answer?.error?.code], [id, code], line);
  }
  assert.equal(await say(""), undefined);
  assert.equal(await say('{"jsonrpc":"2.0","method":"notifications/initialized"}'), undefined);
  assert.equal(await say('{"jsonrpc":"2.0","id":9,"result":{}}'), undefined);
  assert.deepEqual((await ask("ping"))?.result, {});
  assert.equal((await ask("initialize"))?.error?.code, -32602);
  assert.equal((await begin())?.result?.["protocolVersion"], "2025-06-18");
  assert.equal((await ask("initialize", { protocolVersion: "1999-01-01" }))?.result?.["protocolVersion"], "2025-11-25");
  assert.equal((await ask("resources/list"))?.error?.code, -32601);
});

test("without --allow-changes, no tool of the MCP server changes a search", async () => {
  const { begin, ask, call, commands } = server();
  await begin();
  const { tools } = ((await ask("tools/list"))?.result ?? {}) as { tools: { name: string; annotations: object }[] };
  assert.ok(tools.length >= 8);
  for (const { name, annotations } of tools)
    assert.deepEqual(annotations, { readOnlyHint: true, destructiveHint: false, openWorldHint: false }, name);
  for (const { name } of mcpTools.filter(({ changes }) => changes)) {
    const answer = await call(name, { target: "job1", spec: "a.yaml" });
    assert.equal(answer?.error?.code, -32602);
    assert.match(answer.error.message, /started without --allow-changes; there are: list_jobs/);
  }
  assert.deepEqual(commands, []);
  const open = server({}, true);
  await open.begin();
  await open.call("cancel", { target: "run1.7" });
  await open.call("submit", { spec: "--help" });
  assert.deepEqual(open.commands, [
    ["cancel", "--yes", "--json", "--", "run1.7"],
    ["run", resolve("--help"), "--swarm-only", "--monitor", "none", "--json"],
  ]);
});

test("the MCP server checks the arguments of a tool, and none becomes an option of a command", async () => {
  const { begin, call, commands } = server({ stdout: '{"type":"job"}\n' });
  await begin();
  for (const [name, given, message] of [
    ["fly", {}, /"fly" is no tool here/],
    ["best", {}, /^job: expected a job, such as job1, found nothing$/],
    ["best", { job: "--help" }, /^job: expected a job/],
    ["best", { job: "job1 --first 2" }, /^job: expected a job/],
    ["best", { jop: "job1" }, /^best has no argument "jop"; it has: job$/],
    ["standings", { job: "job1", last: 0 }, /^last: expected a whole number from 1 to 1000, found 0$/],
    ["list_runs", { job: "job1", filter: 3 }, /^filter: expected a test/],
    ["best", [], /^arguments: expected an object$/],
  ] as const) {
    const answer = await call(name, given);
    assert.equal(answer?.error?.code, -32602, name);
    assert.match(answer.error.message, message);
  }
  assert.deepEqual(commands, []);
  const answer = await call("list_runs", { job: "job1", filter: "--export=/etc/passwd" });
  assert.deepEqual(answer?.result, { content: [{ type: "text", text: '{"type":"job"}' }], isError: false });
  await call("why");
  assert.deepEqual(commands, [
    ["list", "runs", "--child", "--filter=--export=/etc/passwd", "--last=50", "--json", "--", "job1"],
    ["why", "--json"],
  ]);
});

test("the MCP server passes a command's refusal to the assistant, and cuts a long answer at a line", async () => {
  const refusing = server({ code: 3, stderr: "there is no job9; to see all: nexus list jobs\n" });
  await refusing.begin();
  const refused = await refusing.call("best", { job: "job9" });
  const text = "there is no job9; to see all: nexus list jobs";
  assert.deepEqual(refused?.result, { content: [{ type: "text", text }], isError: true });
  const long = server({ stdout: `${JSON.stringify({ text: "x".repeat(999) })}\n`.repeat(200) });
  await long.begin();
  const { content } = ((await long.call("list_jobs"))?.result ?? {}) as { content: { text: string }[] };
  const lines = (content[0]?.text ?? "").split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(lines.length < 110);
  assert.equal(lines.at(-1)?.["left_out"], 200 - (lines.length - 1));
});

test("a cancelled MCP request ends its command, and is not answered", async () => {
  const sent: object[] = [];
  let isEnded = false;
  const mcp = new McpServer(
    {
      version: "1",
      send: (message) => void sent.push(message),
      command: (_, signal) =>
        new Promise((done) => {
          signal.addEventListener("abort", () => {
            isEnded = true;
            done({ code: null, stdout: "", stderr: "" });
          });
        }),
    },
    false,
  );
  await mcp.hear('{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}');
  const call = mcp.hear('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list_jobs"}}');
  await mcp.hear('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}');
  await call;
  assert.deepEqual([isEnded, sent.length], [true, 1]);
});

test("the MCP server refuses what no command line can hold, and survives a command that cannot start", async () => {
  const { begin, call, commands } = server();
  await begin();
  for (const filter of ["a\0b", "\x1b[2J", "x".repeat(3000)]) {
    const answer = await call("list_runs", { job: "job1", filter });
    assert.match(answer?.error?.message ?? "", /^filter: expected at most 2000 characters, none of them a control/);
    assert.ok((answer?.error?.message.length ?? 0) < 400);
  }
  assert.deepEqual(commands, []);
  const broken = server();
  await broken.begin();
  const mcp = new McpServer(
    {
      version: "1",
      send: (message) => void broken.sent.push(message as Answer),
      command: () => Promise.reject(new Error("spawn E2BIG")),
    },
    false,
  );
  await mcp.hear('{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}');
  await mcp.hear('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list_jobs"}}');
  assert.match(
    JSON.stringify(broken.sent.at(-1)),
    /"text":"the program could not be started: spawn E2BIG".*"isError":true/,
  );
});

test("the MCP server carries out a few commands at once, and refuses an id that is in use", async () => {
  const sent: Answer[] = [];
  let [running, most] = [0, 0];
  const ends: (() => void)[] = [];
  const mcp = new McpServer(
    {
      version: "1",
      send: (message) => void sent.push(message as Answer),
      command: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((end) => ends.push(end));
        running -= 1;
        return { code: 0, stdout: "{}", stderr: "" };
      },
    },
    false,
  );
  await mcp.hear('{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}');
  const call = (id: number) =>
    mcp.hear(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"list_jobs"}}`);
  const calls = Array.from({ length: 50 }, (_, i) => call(i + 1));
  await call(1);
  assert.match(sent.at(-1)?.error?.message ?? "", /same id/);
  while (sent.length < 52) {
    ends.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all(calls);
  assert.equal(most, 4);
});
