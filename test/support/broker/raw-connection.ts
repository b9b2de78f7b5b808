import { type ConnectionOptions, connect, type NatsConnection } from "nats";
import { atEnd } from "../cleanup.ts";
import { eventually } from "../patience.ts";

/**
 * A connection without our client's precautions, tried until it succeeds: while nats-server reloads its users it
 * refuses everybody (observed).
 */
export async function rawConnection(options: ConnectionOptions): Promise<NatsConnection> {
  const made: NatsConnection[] = [];
  await eventually("the broker lets it in", async () => {
    try {
      made.push(await connect(options));
    } catch {
      // `eventually` tries again, and fails with what it waited for.
    }
    return made.length > 0;
  });
  const [connection] = made;
  if (!connection) throw new Error("the broker has let nobody in");
  atEnd(() => connection.close());
  return connection;
}
