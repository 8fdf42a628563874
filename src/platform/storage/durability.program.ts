/** Run by durability.test.ts: commits without end, and prints the number of each commit once it has been acknowledged. */
import { writeSync } from 'node:fs';
import { systemClock } from '#platform/clock/index.ts';
import { batches } from './durability.schema.ts';
import { openStorage, type StorageConfig, statement } from './index.ts';

const WRITERS = 8;
const insert = statement('INSERT INTO batches (id, part, filling) VALUES (?, ?, ?)');

const config = JSON.parse(process.argv[2] ?? '') as StorageConfig;
const storage = await openStorage(config, { clock: systemClock, migrations: [batches] });
writeSync(1, 'open\n');

async function write(): Promise<never> {
  for (;;) {
    try {
      const id = await storage.transactor.commit((batch) => {
        const number = storage.sequences.next('row');
        for (let part = 0; part < 4; part++) batch.add(insert(number, part, 'x'.repeat(number % 1000)));
        return number;
      });
      writeSync(1, `done ${id}\n`);
    } catch (error) {
      writeSync(1, `failed ${error instanceof Error ? error.message : error}\n`);
      await systemClock.sleep(5);
    }
  }
}

await Promise.all(Array.from({ length: WRITERS }, write));
