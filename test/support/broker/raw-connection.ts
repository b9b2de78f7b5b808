import { type ConnectionOptions, connect, type NatsConnection } from "nats";
import { atEnd } from "../cleanup.ts";
import { eventually } from "../patience.ts";

/**
 * A connection without our client's own care. While nats-server reads its users again it refuses everybody (seen), so a refusal is
 * not the last word.
 */
export async function rawConnection(options: ConnectionOptions): Promise<NatsConnection> {
  const made: NatsConnection[] = [];
  await eventually("the broker lets it in", async () => {
    try {
      made.push(await connect(options));
    } catch {
      // It is asked again, and the wait says what for.
    }
    return made.length > 0;
  });
  const [connection] = made;
  if (!connection) throw new Error("the broker has let nobody in");
  atEnd(() => connection.close());
  return connection;
}
