import { Client, forEachOf } from '../load/client.ts';
import type { ServerScenario } from './scenario.ts';

const MEMBERS = 500;
const PER_SECOND = 20;
const SECONDS = 20;
/** A server that is given less than a tenth of the work is sent this much less often too: else it would only be overrun. */
const SLOW = { pace: 0.1, perSecond: 1 };
const FILTER = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 100 } } }));
const SYNC = `/_matrix/client/v3/sync?filter=${FILTER}&set_presence=offline`;
/** Messages that may be on their way to the server at the same time. */
const LANES = 8;
/** How long deliveries may come after the last message. */
const PATIENCE_MS = 30_000;

/** Counts what arrives. */
class Deliveries {
  #durations: number[] = [];
  #left = 0;
  #onAll: () => void = () => undefined;

  /** From now on, `count` are waited for. */
  expect(count: number, durations: number[]): void {
    this.#durations = durations;
    this.#left = count;
  }

  arrived(ms: number): void {
    this.#durations.push(ms);
    this.#left--;
    if (this.#left === 0) this.#onAll();
  }

  async all(): Promise<void> {
    if (this.#left > 0) {
      await Promise.race([new Promise<void>((resolve) => (this.#onAll = resolve)), sleep(PATIENCE_MS)]);
    }
    if (this.#left > 0) throw new Error(`${this.#left} deliveries did not come`);
  }
}

/** A member who polls over and over. */
class Listener {
  #since = '';
  #stopped = false;

  constructor(
    private readonly client: Client,
    private readonly deliveries: Deliveries,
  ) {}

  async catchUp(): Promise<void> {
    this.#since = sinceOf(await this.client.text('GET', `${SYNC}&timeout=0`)) ?? '';
  }

  async listen(): Promise<void> {
    while (!this.#stopped) {
      const text = await this.client.text('GET', `${SYNC}&timeout=30000&since=${this.#since}`).catch((error: Error) => {
        if (this.#stopped) return '';
        throw error;
      });
      const now = performance.now();
      this.#since = sinceOf(text) ?? this.#since;
      for (const [, sentAt] of text.matchAll(/"body":"sent ([\d.]+)"/g)) this.deliveries.arrived(now - Number(sentAt));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.client.close();
  }
}

/** One message reaches many who wait for it. */
export const fanOut: ServerScenario = {
  name: 'fan-out',
  what: `one room, ${MEMBERS} members in long polls, one sender, ${PER_SECOND} messages a second: from sending to each member having it`,
  operation: 'delivery',
  async run(server, bench) {
    const members = Math.max(10, Math.round(MEMBERS * bench.scale));
    const perSecond = bench.pace < SLOW.pace ? SLOW.perSecond : PER_SECOND;
    const messages = Math.max(5, Math.round(perSecond * SECONDS * Math.min(1, 2 * bench.scale)));
    const sender = await Client.open(server.baseUrl, (await server.register('sender')).token);
    const roomId = await sender.createRoom({ preset: 'public_chat' });
    const deliveries = new Deliveries();
    const listeners: Listener[] = [];
    await forEachOf(members, 2, async (index) => {
      const client = await Client.open(server.baseUrl, (await server.register(`member${index}`)).token);
      await client.join(roomId);
      listeners.push(new Listener(client, deliveries));
      bench.progress(`${listeners.length} of ${members} members`);
    });
    // Everybody is there: their joins are not what is measured.
    for (const listener of listeners) await listener.catchUp();
    const senders = [sender];
    while (senders.length < LANES) senders.push(await Client.open(server.baseUrl, sender.token));
    const lanes = senders.map(() => Promise.resolve());
    const polls = listeners.map((listener) => listener.listen());
    const sendAll = async (count: number, prefix: string, durations: number[]): Promise<void> => {
      deliveries.expect(count * listeners.length, durations);
      const start = performance.now();
      for (let n = 0; n < count; n++) {
        await sleep(start + (1000 * n) / perSecond - performance.now());
        const sentAt = performance.now();
        const lane = n % lanes.length;
        // On time, whether the one before has been acknowledged or not: who waits to send must not hide that others wait.
        lanes[lane] = lanes[lane]!.then(() => senders[lane]!.send(roomId, `${prefix}${n}`, `sent ${sentAt}`));
      }
      await Promise.all(lanes);
      await deliveries.all();
    };
    await sendAll(Math.max(2, perSecond), 'w', []);
    const measured = await bench.measure((durations) => sendAll(messages, 'm', durations));
    for (const listener of listeners) listener.stop();
    for (const client of senders) client.close();
    await Promise.all(polls);
    return [{ ...measured, more: { members, messagesPerSecond: perSecond } }];
  },
};

function sinceOf(text: string): string | undefined {
  return /"next_batch":"([^"]+)"/.exec(text)?.[1];
}

function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
