import { defineConfig } from "vitest/config";

// CI reads the result from this file, beside what a person reads on the screen.
const resultFile = process.env.TEST_RESULT_FILE;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    // One worker less than cores, vitest's own choice, leaves half of a small machine idle: tests wait for the server.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: resultFile ? ["default", ["json", { outputFile: resultFile }]] : ["default"],
  },
});
