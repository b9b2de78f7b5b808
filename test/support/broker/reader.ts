import { connectBus } from "../../../shared/broker/client/connect.ts";

/**
 * A process that reads a stream to its end and keeps following it: `reader.js <url> <stream>`. It closes the connection
 * when stdin ends, and nothing then keeps it alive.
 */
const [url = "", stream = ""] = process.argv.slice(2);
const bus = await connectBus({ url, credentials: {}, name: "reader" });
const reading = await bus.read(stream, 1, () => undefined);
await reading.caughtUp;
console.log("caught up");
for await (const _ of process.stdin);
await bus.close();
console.log("closed");
