import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// The packages' sources, so that tests need no build.
const conditions = ["hale-source", ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages", "apps", "fuzz", "scripts", "bench"].map((room) => `${room}/**/*.test.ts`),
    // Generous: a busy machine is no fault of the code, and speed is measured in bench/.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Native sessions use both cores already; more workers only slow each other down.
    maxWorkers: 2,
    pool: "forks",
  },
});
