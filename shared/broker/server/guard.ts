/** Starts a broker's guard (guard-program.ts). */
import { keepCode } from "../../machine/kept-code.ts";

keepCode();
const { runGuard } = await import("./guard-program.ts");
await runGuard();
