/** Starts a runner (program.ts). */
import { keepCode } from "../../shared/machine/kept-code.ts";

keepCode();
await import("./program.ts");
