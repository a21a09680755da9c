// An interpreter of Amazon States Language that shares nothing with the others here: one execution after another.
// stdin, a line of JSON each:  {run, definition, input}   {call, result}   {call, error: {name, message}}
// stdout, a line of JSON each: {run, call, payload}       {run, succeeded, error}
// Waits and retry intervals take no time. A branch that is ended by another's failure may call after its run ended.
const readline = require("node:readline");
const { StateMachine } = require("aws-local-stepfunctions");

const calls = new Map();
let numbered = 0;
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

function invoke(run, parameters) {
  const call = ++numbered;
  say({ run, call, payload: parameters.Payload });
  return new Promise((resolve, reject) => calls.set(call, { resolve, reject }));
}

function namesByType(machine, names) {
  for (const [name, state] of Object.entries(machine.States)) {
    (names[state.Type] ??= []).push(name);
    for (const inner of [...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])])
      namesByType(inner, names);
  }
  return names;
}

async function execute({ run, definition, input }) {
  const names = namesByType(definition, {});
  const all = (type, value) => Object.fromEntries((names[type] ?? []).map((name) => [name, value]));
  const overrides = {
    taskResourceLocalHandlers: all("Task", (parameters) => invoke(run, parameters)),
    waitTimeOverrides: all("Wait", 0),
    retryIntervalOverrides: all("Task", 0),
  };
  // What its validator says is asked elsewhere (validate_definitions.cjs).
  const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
  try {
    await machine.run(input, { overrides }).result;
    say({ run, succeeded: true, error: null });
  } catch (error) {
    say({ run, succeeded: false, error: String(error.cause?.name ?? error.name) });
  }
}

function answer({ call, result, error }) {
  const { resolve, reject } = calls.get(call);
  calls.delete(call);
  if (error === undefined) resolve({ Payload: result });
  else reject(Object.assign(new Error(error.message), { name: error.name }));
}

// Nobody waits for the branches that another's failure ended.
process.on("unhandledRejection", () => {});
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if ("call" in message) answer(message);
  else execute(message);
});
