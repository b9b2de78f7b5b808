import { resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { type Address, addressText, parseAddress } from "../address.ts";

/** Certificates that the workspace's authority did not make. Absolute paths. */
export interface GivenFiles {
  readonly cert: string;
  readonly key: string;
  /** The authority that signed; null: one that every machine knows. */
  readonly ca: string | null;
}

/** What people decided about encryption; kept in broker-tls.json from one start to the next. */
export interface TlsSettings {
  /** Plain text even beyond this machine. */
  readonly insecure: boolean;
  /** Null: the workspace's own authority signs. */
  readonly files: GivenFiles | null;
  /** Where WebSockets are taken as well; null: nowhere. */
  readonly wss: Address | null;
}

/** As typed: `--insecure`, `--tls-cert FILE --tls-key FILE [--tls-ca FILE]`, `--listen-wss HOST:PORT`. */
export interface TypedTls {
  readonly insecure?: boolean | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly listenWss?: string | undefined;
}

export const usualTls: TlsSettings = { insecure: false, files: null, wss: null };

/** `--tls-cert own`: back to the workspace's own certificates, also after `--insecure`. `--listen-wss none`. */
const [own, none] = ["own", "none"];

/** The settings of the last start, changed by what was typed. @throws UsageError if the options do not go together */
export function tlsSettings(paths: WorkspacePaths, typed: TypedTls): TlsSettings {
  const last = rememberedTls(paths);
  const { tlsCert: cert, tlsKey: key, tlsCa: ca, insecure } = typed;
  const wss = typed.listenWss === undefined ? last.wss : parseWss(typed.listenWss);
  if (insecure && cert !== undefined) {
    throw new UsageError("--insecure and --tls-cert together: expected one of them, since --insecure is plain text");
  }
  if (insecure) return { insecure: true, files: null, wss };
  if (cert === own) {
    if (key !== undefined || ca !== undefined)
      throw new UsageError(
        "--tls-cert own: the workspace makes its own key and authority; leave out --tls-key and --tls-ca",
      );
    return { insecure: false, files: null, wss };
  }
  if (cert === undefined) {
    if (key !== undefined) throw new UsageError(`--tls-key ${key}: expected --tls-cert FILE as well`);
    if (ca !== undefined)
      throw new UsageError(`--tls-ca ${ca}: expected --tls-cert FILE and --tls-key FILE as well, or --nats tls://...`);
    return { ...last, wss };
  }
  if (key === undefined) throw new UsageError(`--tls-cert ${cert}: expected --tls-key FILE as well`);
  const files = { cert: resolve(cert), key: resolve(key), ca: ca === undefined ? null : resolve(ca) };
  return { insecure: false, files, wss };
}

function parseWss(text: string): Address | null {
  if (text === none) return null;
  const { host, port = 443 } = parseAddress(text) ?? {};
  if (host !== undefined && !/^\d+$/.test(host) && port >= 1 && port <= 65_535) return { host, port };
  throw new UsageError(
    `--listen-wss ${text}: expected host:port, for example 0.0.0.0:443 (all addresses; 443 if no port is given), or none to stop it`,
  );
}

/** Called when a coordinator holds a broker with these settings. */
export function rememberTls(paths: WorkspacePaths, settings: TlsSettings): void {
  if (sameTls(settings, rememberedTls(paths))) return;
  writeJsonFile(paths.brokerTls, settings);
}

export function rememberedTls(paths: WorkspacePaths): TlsSettings {
  return readTls(readJsonFields(paths.brokerTls));
}

/** Checks settings that came from a file; what is missing is as in `usualTls`. */
export function readTls(fields: unknown): TlsSettings {
  const { insecure, files, wss } = (
    typeof fields === "object" && fields !== null ? fields : {}
  ) as Partial<TlsSettings>;
  return {
    insecure: insecure === true,
    files: isGivenFiles(files) ? files : null,
    wss: typeof wss?.host === "string" && Number.isInteger(wss.port) ? { host: wss.host, port: wss.port } : null,
  };
}

function isGivenFiles(value: unknown): value is GivenFiles {
  if (typeof value !== "object" || value === null) return false;
  const { cert, key, ca } = value as Record<string, unknown>;
  return typeof cert === "string" && typeof key === "string" && (ca === null || typeof ca === "string");
}

export const sameTls = (a: TlsSettings, b: TlsSettings): boolean => tlsText(a) === tlsText(b);

/** The settings in words, for comparisons and errors: `its own certificates, with WebSockets on 0.0.0.0:443`. */
export function tlsText({ insecure, files, wss }: TlsSettings): string {
  const authority = files && files.ca !== null ? ` and the authority ${files.ca}` : "";
  const certificates = files
    ? `the certificate ${files.cert} with the key ${files.key}${authority}`
    : "its own certificates";
  const how = insecure ? "plain text (--insecure)" : certificates;
  return wss ? `${how}, with WebSockets on ${addressText(wss)}` : how;
}
