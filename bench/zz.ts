import { trainDetectors } from "./identity/detectors.ts";
import { writeFileSync } from "node:fs";
const d = await trainDetectors("/work/tmp/everywhere/det", console.error);
writeFileSync("/work/tmp/everywhere/det/list.json", JSON.stringify(d.map(({images, ...x}) => x)));
