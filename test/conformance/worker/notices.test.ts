import { noticeImplementations, noticeSuite } from "./notices.ts";

for (const implementation of noticeImplementations) noticeSuite(implementation);
