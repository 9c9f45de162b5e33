/** @file What ready.test.ts starts: tells where it stands and how it was called, waits for a signal, and ends with a code of its own. */
if (process.argv.includes("wait")) {
  const alive = setInterval(() => {}, 1000);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      console.log(signal);
      clearInterval(alive);
      process.exitCode = 3;
    });
  }
}
// Last: whoever reads this line may send a signal at once.
console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2) }));
