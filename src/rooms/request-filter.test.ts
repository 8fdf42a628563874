import { expect, test } from 'bun:test';
import { RequestFilter } from './request-filter.ts';

test('the filter knows all that it was given, and of the rest nearly all that it was not', () => {
  const filter = new RequestFilter();
  for (let n = 0; n < 25_000; n++) filter.add(`7 send m.room.message m${n}`);
  let wrong = 0;
  for (let n = 0; n < 25_000; n++) {
    if (!filter.has(`7 send m.room.message m${n}`)) throw new Error(`${n} is forgotten`);
    if (filter.has(`7 send m.room.message n${n}`)) wrong++;
  }
  expect(wrong).toBeLessThan(50);
});
