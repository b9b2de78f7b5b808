import { connectBus } from "../../../shared/broker/client/connect.ts";

/** A process that reads a stream to its end and on: `reader.js <url> <stream>`. Closes the connection when stdin ends, and has then nothing to do. */
const [url = "", stream = ""] = process.argv.slice(2);
const bus = await connectBus({ url, credentials: {}, name: "reader" });
const reading = await bus.read(stream, 1, () => undefined);
await reading.caughtUp;
console.log("caught up");
for await (const _ of process.stdin);
await bus.close();
console.log("closed");
