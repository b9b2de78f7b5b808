/** Starts a broker's guard (guard-program.ts). */
import { keepCode } from "../../machine/kept-code.ts";

keepCode();
await import("./guard-program.ts");
