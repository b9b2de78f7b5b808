import { fieldsIn, type Metadata, type NoticeSource, timeIn } from "./notice.ts";

const tokenSeconds = 21_600;
const action = "/latest/meta-data/spot/instance-action";

/**
 * EC2 spot instances: two minutes' notice. The service wants a token (IMDSv2), which a program that merely forwards requests cannot
 * get.
 */
export function awsNotices(metadata: Metadata): NoticeSource {
  let token = "";
  const newToken = async (): Promise<void> => {
    const headers = { "X-aws-ec2-metadata-token-ttl-seconds": String(tokenSeconds) };
    token = (await metadata.ask("/latest/api/token", headers, "PUT")) ?? "";
    if (!/^[\w+/=-]{8,200}$/.test(token)) throw new Error("the metadata service of EC2 gave no token");
  };
  const ask = async (path: string): Promise<string | null> => {
    if (token === "") await newToken();
    try {
      return await metadata.ask(path, { "X-aws-ec2-metadata-token": token });
    } catch (error) {
      // It may have run out; the next look gets another.
      token = "";
      throw error;
    }
  };
  return {
    name: "aws",
    isHere: async () => (await ask("/latest/meta-data/instance-id")) !== null,
    look: async (wallMs) => {
      const text = await ask(action);
      if (text === null) return null;
      const { action: what, time } = fieldsIn(text, action);
      const leftMs = timeIn(time, action) - wallMs;
      return { what: `EC2 takes this spot instance back (${String(what).slice(0, 20)})`, leftMs };
    },
  };
}
