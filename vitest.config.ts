import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// The packages' sources, so that tests need no build.
const conditions = ["hale-source", ...defaultServerConditions];

const places = ["packages", "apps", "fuzz", "scripts", "bench"];
const shared = {
  // Generous: a busy machine is no fault of the code, and speed is measured in bench/.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  pool: "forks" as const,
};
const resolve = { conditions };
const ssr = { resolve: { conditions } };

export default defineConfig({
  test: {
    // Native sessions use both cores already; more workers only slow each other down.
    maxWorkers: 2,
    projects: [
      {
        resolve,
        ssr,
        test: {
          ...shared,
          name: "fast",
          include: places.map((place) => `${place}/**/*.test.ts`),
          exclude: ["**/node_modules/**", "**/dist/**", "**/*.slow.test.ts"],
          // Files of one worker share what they import: loading it anew for each took longer than most tests.
          isolate: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...shared,
          name: "slow",
          include: places.map((place) => `${place}/**/*.slow.test.ts`),
          exclude: ["**/node_modules/**", "**/dist/**"],
        },
      },
    ],
  },
});
