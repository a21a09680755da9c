// Reads paths of definitions from stdin, a JSON list; writes problems to stdout, a JSON list of "path: problem".
const fs = require("node:fs");
const validate = require("asl-validator");

const problems = [];
for (const path of JSON.parse(fs.readFileSync(0, "utf8"))) {
  const { isValid, errors } = validate(JSON.parse(fs.readFileSync(path, "utf8")));
  if (isValid) continue;
  for (const error of errors) {
    const { "Error code": code, Message: message } = error;
    problems.push(`${path}: asl-validator: ${code ? `${code}: ${message}` : JSON.stringify(error)}`);
  }
}
process.stdout.write(JSON.stringify(problems));
