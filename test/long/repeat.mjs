// node test/long/repeat.mjs TIMES FILE...: runs test files again and again, for what shows only once in a hundred times.
// Prints a dot for each pass and the whole report of each failure; ends with 1 when there was one.
import { spawnSync } from 'node:child_process';

const [times = '100', ...files] = process.argv.slice(2);
let failures = 0;
for (let time = 1; time <= Number(times); time++) {
  const { status, stdout, stderr } = spawnSync('npx', ['vitest', 'run', ...files], { encoding: 'utf8' });
  if (status === 0) process.stdout.write('.');
  else {
    failures++;
    process.stdout.write(`\nrun ${time} failed\n${stdout}${stderr}\n`);
  }
}
process.stdout.write(`\n${times} runs, ${failures} failed\n`);
process.exitCode = failures === 0 ? 0 : 1;
