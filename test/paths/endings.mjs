// Programs that end in different ways, each with two stores below the folder of the last argument; started by lifecycle.test.ts.
import { join } from 'node:path';
import { open } from 'ltl';

const [, , ending, dir] = process.argv;
const options = ending === 'signal' ? { osSignals: true } : {};
const one = await open({ 'force-all.path': join(dir, 'one') }, options);
const two = await open({ 'force-all.path': join(dir, 'two') }, options);
let acknowledged = 0;
for (let i = 0; i < 2000; i++) {
  void one.append(i).then(() => (acknowledged += 1));
  two.impl.append(i);
}
process.on('exit', () => process.stdout.write(`${acknowledged}\n`));
if (ending === 'signal') {
  // Two has more to do before it ends than one.
  await two.spawn({
    receive: () => undefined,
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      two.impl.append('last words');
    },
  });
  setInterval(() => undefined, 1000);
  process.kill(process.pid, 'SIGTERM');
}
