import { defineConfig } from "vitest/config";

// CI reads the result from this file, beside what a person reads on the screen.
const resultFile = process.env.TEST_RESULT_FILE;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: resultFile ? ["default", ["json", { outputFile: resultFile }]] : ["default"],
  },
});
