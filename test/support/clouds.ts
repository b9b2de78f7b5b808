import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { atEnd } from "./cleanup.ts";

export type Answers = Readonly<Record<string, string | number>>;

/** Serves a metadata service's answers, from the clouds' documentation; a number is an HTTP status. Returns its URL. */
export async function cloud(answers: Answers, wants: Readonly<Record<string, string>>): Promise<string> {
  const server: Server = createServer((request, response) => {
    const key = `${request.method} ${request.url}`;
    const isAllowed =
      request.method === "PUT" || Object.entries(wants).every(([name, value]) => request.headers[name] === value);
    const answer = isAllowed ? (answers[key] ?? 404) : 401;
    response.writeHead(typeof answer === "number" ? answer : 200).end(typeof answer === "number" ? "" : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
}

export const wall = Date.parse("2026-11-28T08:20:00Z");
const token = "AQAEAEo9JmV0PNwsbWYlIAgOEiOGxS9G4tJhDCWj3LHoEqMiTzqAOg==";
export const aws = { "PUT /latest/api/token": token, "GET /latest/meta-data/instance-id": "i-0598c7d356eba48d7" };
export const awsWants = { "x-aws-ec2-metadata-token": token };
export const action = "GET /latest/meta-data/spot/instance-action";
export const preempted = "GET /computeMetadata/v1/instance/preempted";
export const gcpWants = { "metadata-flavor": "Google" };
export const azure = { "GET /metadata/instance/compute/name?api-version=2021-02-01&format=text": "lab-vm-2" };
export const azureWants = { metadata: "true" };
export const scheduled = "GET /metadata/scheduledevents?api-version=2020-07-01";
export const event = (
  resources: readonly string[],
  type = "Preempt",
  notBefore = "Sat, 28 Nov 2026 08:20:30 GMT",
): string =>
  JSON.stringify({
    DocumentIncarnation: 2,
    Events: [
      {
        EventId: "602d9444",
        EventType: type,
        ResourceType: "VirtualMachine",
        Resources: resources,
        EventStatus: "Scheduled",
        NotBefore: notBefore,
      },
    ],
  });
