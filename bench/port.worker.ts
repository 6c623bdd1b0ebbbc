/** The other side of the bench's peers: a raw port that echoes what asks for it, and the same behind comlink. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Work } from './echo.worker.js';
import { loadPeer } from './peers.js';

interface Comlink {
  expose(api: object, endpoint: unknown): void;
}

const port = parentPort;
if (port === null) throw new Error('port.worker.js is the entry of a worker');
let count = 0;

if (workerData === 'comlink') {
  const comlink = loadPeer('comlink') as Comlink;
  const adapt = loadPeer('comlink/dist/umd/node-adapter.js') as (port: unknown) => unknown;
  comlink.expose({ echo: (message: Work) => message, tell: () => void count++ }, adapt(port));
} else
  port.on('message', (message: Work | readonly Work[]) => {
    const last = Array.isArray(message) ? (message.at(-1) as Work) : (message as Work);
    count += Array.isArray(message) ? message.length : 1;
    if (last.type === 'ask') port.postMessage(last);
  });
