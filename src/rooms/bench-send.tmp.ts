import { mkdtemp } from 'node:fs/promises';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { openStorage } from '#platform/storage/index.ts';
import type { EventId, KeyId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS } from '#protocol/room-versions/index.ts';
import { signingKeyFromSeed } from '#protocol/signing/index.ts';
import { migrations } from '../../migrations/index.ts';
import { sendEventFeature } from '../features/send-event/index.ts';
import { openRooms } from './index.ts';

const alice = '@alice:example.org' as UserId;
const folder = await mkdtemp('/tmp/bench/db-');
const storage = await openStorage(
  { engine: 'sqlite', path: `${folder}/db.sqlite` },
  { migrations, clock: systemClock },
);
const rooms = openRooms({
  storage,
  clock: systemClock,
  random: systemRandom,
  serverName: 'example.org' as ServerName,
  signingKey: signingKeyFromSeed('ed25519:1' as KeyId, 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'),
  caches: new CacheBudget(100_000_000),
  hooks: [],
  unsignedSources: { aggregations: async () => new Map() },
});
let reads = 0;
for (const name of ['all', 'first', 'allHeavy'] as const) {
  const original = storage.reader[name].bind(storage.reader) as any;
  (storage.reader as any)[name] = (q: any) => {
    reads++;
    return original(q);
  };
}
const { roomId } = await rooms.engine.create(ROOM_VERSIONS['11'], [
  { type: 'm.room.create', stateKey: '', sender: alice, content: { room_version: '11' } },
  { type: 'm.room.member', stateKey: alice, sender: alice, content: { membership: 'join' } },
  { type: 'm.room.power_levels', stateKey: '', sender: alice, content: { users: { [alice]: 100 } } },
]);
const { sender } = sendEventFeature({
  engine: rooms.engine,
  rooms: rooms.directory,
  events: rooms.events,
  transactions: rooms.transactions,
  serverName: 'example.org' as ServerName,
  random: systemRandom,
  changeMembership: async () => undefined,
  redact: async () => '$x' as EventId,
  checkCanonicalAlias: async () => {},
  isDuplicateAnnotation: async () => false,
});
const requester = { userId: alice, deviceId: 'DEV', isShadowBanned: false, appserviceId: undefined } as any;
let n = 0;
const one = () => {
  const content = { msgtype: 'm.text', body: `message number ${n++} with some more words in it, as people write them` };
  return sender.send(
    { requester, ip: '' },
    {
      roomId,
      type: 'm.room.message',
      stateKey: undefined,
      content,
      contentText: JSON.stringify(content),
      txnId: `m${n}`,
    },
  );
};
async function run(concurrency: number, total: number) {
  const cpu = process.threadCpuUsage?.() ?? process.cpuUsage();
  const all = process.cpuUsage();
  const start = performance.now();
  let left = total;
  const r0 = reads;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await one();
    }),
  );
  const ms = performance.now() - start;
  const c = process.threadCpuUsage ? process.threadCpuUsage(cpu as any) : process.cpuUsage(cpu as any);
  const a = process.cpuUsage(all);
  console.log(
    `c=${concurrency} ${((total / ms) * 1000).toFixed(0)}/s main-thread cpu ${((c.user + c.system) / total).toFixed(0)}us all-threads ${((a.user + a.system) / total).toFixed(0)}us reads ${reads - r0}`,
  );
}
await run(8, 3000);
const conc = process.argv[2] ? [Number(process.argv[2])] : [1, 10, 32];
for (const c of conc) await run(c, c === 1 ? 2000 : 15000);
await storage[Symbol.asyncDispose]();
