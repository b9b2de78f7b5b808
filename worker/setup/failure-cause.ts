const longest = 200;

/**
 * Why the last command of a setup failed, by what it printed: its last error and that error's cause, or its last line;
 * "" if it printed nothing. If pip reached no package index, it says only "no matching distribution"; the real cause is
 * then added.
 *
 * @param lines  output of all commands, each command after a line that begins with `$ `
 */
export function causeIn(lines: readonly string[]): string {
  const own = lines.slice(lines.findLastIndex((line) => line.startsWith("$ ")) + 1);
  const at = own.findLastIndex((line) => /^\s*(error|fatal)\b/i.test(line));
  const error = (own[at < 0 ? own.length - 1 : at] ?? "").trim();
  // uv: `error: ...`, then a line for each cause, the root cause last.
  const root = own.slice(at + 1).findLast((line) => /^\s*(cause|caused by): /i.test(line));
  const broken = own.findLast((line) => line.includes("connection broken by"));
  const reason = root?.trim() ?? (broken && unreached(broken));
  return [error, ...(reason ? [reason] : [])].map((text) => text.slice(0, longest)).join("; ");
}

/** `WARNING: Retrying (...) after connection broken by 'ProxyError(..., [Errno 111] Connection refused'))': /simple/six/` */
function unreached(line: string): string {
  const [, said = ""] = /connection broken by (.*)/.exec(line) ?? [];
  const inner = /\[(?:Errno [^\]]*|SSL: \w+)\] ([^'"()]+)/.exec(said)?.[1] ?? said;
  return `the package index was not reached: ${inner.trim()}`;
}
