// Prints what the tests' JSON report says as `N passed, N failed`; exits 1 unless all is well.
import { readFileSync } from "node:fs";

const text = readFileSync(process.argv[2] ?? "", "utf8");
if (text === "") {
  console.log("The test run ended without a result: no test can be said to have passed.");
  process.exit(1);
}

const report = JSON.parse(text);
// A file that cannot be loaded fails without a test of its own.
const broken = report.testResults.filter(
  (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
);
for (const file of broken) console.log(`Failed as a whole: ${file.name}`);

const passed = report.numPassedTests;
const counted = report.numFailedTests + broken.length;
// An error outside of any test makes a run fail in which every test passed.
const failed = counted === 0 && !report.success ? 1 : counted;
const skipped = report.numPendingTests + report.numTodoTests;
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
