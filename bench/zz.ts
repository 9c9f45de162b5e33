import { writeFileSync } from "node:fs";
import { trainDetectors } from "./identity/detectors.ts";

const d = await trainDetectors("/work/tmp/everywhere/det", console.error);
writeFileSync("/work/tmp/everywhere/det/list.json", JSON.stringify(d.map(({ images, ...x }) => x)));
