// Opens a store that takes signals of the operating system, and says what becomes of them; started by locks.test.ts.
import { open } from 'ltl';

const ltl = await open({ 'force-all.path': process.argv[2] }, { osSignals: true });
const say = (what) => process.stdout.write(`${what}\n`);

async function reopen() {
  for (;;) {
    await ltl.SIGNAL('SIGHUP').wait();
    say('reopen');
  }
}

void reopen();
await ltl.append('kept');
let depth = 'awake';
setInterval(() => {
  const now = ltl.status().sleep.depth;
  if (now === depth) return;
  depth = now;
  say(depth);
}, 5);
say('ready');
