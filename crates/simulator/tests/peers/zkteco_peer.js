// zkteco-js as a client of the tests: a request per line on standard input, an answer per line on standard output, both JSON.
// A request names what to do ("read" or "count") and where ("host", "port"); an answer is {"ok": ...} or {"error": ...}.
// The library takes one read of the socket for one frame, so a busy machine can cut a read short, which it does not notice; such a read
// is repeated as a whole.

const readline = require("node:readline");
const ZktecoJs = require("zkteco-js");

const { log } = console;
console.log = () => {}; // The library prints as it goes; standard output belongs to the answers.

const ATTEMPTS = 5;

async function read(request) {
  const terminal = new ZktecoJs(request.host, request.port, 5000, 4000);
  try {
    await terminal.createSocket();
    const told = await terminal.getAttendanceSize();
    const users = request.do === "read" ? (await terminal.getUsers()).data : [];
    const punches = (await terminal.getAttendances()).data;
    if (punches.length !== told) throw new Error(`${punches.length} of ${told} punches came`);
    return request.do === "read" ? { users, punches } : punches.length;
  } finally {
    await terminal.disconnect().catch(() => {});
  }
}

async function answer(request) {
  let last;
  for (let attempt = 1; attempt <= (request.attempts ?? ATTEMPTS); attempt += 1) {
    try {
      return { ok: await read(request) };
    } catch (error) {
      last = String(error?.err ?? error);
    }
  }
  return { error: last };
}

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  log(JSON.stringify(await answer(JSON.parse(line))));
});
