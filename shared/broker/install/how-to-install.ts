import { readFileSync } from "node:fs";

interface OperatingSystem {
  /** For people: `Debian GNU/Linux 13 (trixie)`, `macOS`. */
  readonly name: string;
  /** `debian`, `ubuntu`, `fedora`, `arch`, `alpine`, `darwin`, `freebsd`, `win32`, ... */
  readonly id: string;
  readonly debianLike: boolean;
}

/** @param osRelease  text of /etc/os-release; read when left out */
export function readOperatingSystem(
  platform: NodeJS.Platform = process.platform,
  osRelease: string = platform === "linux" ? readOsRelease() : "",
): OperatingSystem {
  if (platform !== "linux")
    return { name: platform === "darwin" ? "macOS" : platform, id: platform, debianLike: false };
  const field = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const id = field("ID") || "linux";
  const family = [id, ...field("ID_LIKE").split(" ")];
  return {
    name: field("PRETTY_NAME") || id,
    id,
    debianLike: family.includes("debian") || family.includes("ubuntu"),
  };
}

/** The end of a sentence: what to type on this system to get nats-server. */
export function howToInstall(system: OperatingSystem): string {
  const command = system.debianLike ? "sudo apt install nats-server" : installCommands[system.id];
  const download = "take the program from https://nats.io/download and set NATS_SERVER to its path";
  return command ? `type ${command}, or ${download}` : download;
}

/** For systems whose own packages include it, as of 2026. Only Debian's was tried. */
const installCommands: Readonly<Record<string, string>> = {
  darwin: "brew install nats-server",
  arch: "sudo pacman -S nats-server",
  alpine: "sudo apk add nats-server",
  freebsd: "sudo pkg install nats-server",
};

function readOsRelease(): string {
  for (const file of ["/etc/os-release", "/usr/lib/os-release"]) {
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    }
  }
  return "";
}
